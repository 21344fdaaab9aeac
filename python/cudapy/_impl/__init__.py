"""Private parts of cudapy. Nothing in here is a promise to users."""
