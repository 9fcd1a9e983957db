"""The floor of --help: the same shape of command line in click alone."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-f", "--file", multiple=True, help="Specs: files and folders.")
@click.option("--state", help="Where the state is kept.")
def main() -> None:
    """Makes other systems true to what you declared."""


for _name in ("init", "validate", "plan", "apply", "drift", "status", "test", "secrets", "protections", "simulate", "version"):
    main.add_command(click.Command(_name, help=f"The command {_name}."))

main()
