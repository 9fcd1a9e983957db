"""Plans and runs for pipelines: comments of pull requests, pages, test reports, annotations. One module per format."""
