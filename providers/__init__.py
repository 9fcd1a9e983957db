"""The external systems trueup knows, one room each. A provider imports ``controller.sdk`` and nothing else of ours."""
