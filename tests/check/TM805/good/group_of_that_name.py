import click


def start():
    import modal

    return modal.App("metrics")


@click.group()
def modal():
    pass


@modal.command(help="Start it.")
def run():
    start()
