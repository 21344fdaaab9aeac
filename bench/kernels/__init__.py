"""The kernels that are measured, as a user of cudapy writes them."""
