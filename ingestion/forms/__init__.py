"""What pages may be asked and told; code imports forms from their submodules."""
