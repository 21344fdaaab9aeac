"""What cudapy is measured against: C++ in the .cpp files, numba and NumPy beside them."""
