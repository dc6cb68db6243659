"""The modes of circuit theory: pairs, one to all, all to one, given currents."""
