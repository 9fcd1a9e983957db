"""trueup's own half: what is declared, what is remembered, what is planned and done. Providers live in ``providers``."""

__version__ = "0.1.0"
