"""Small repositories, one per meaning, over the writer thread. Their SQL stands in ``controller/state/sql``."""
