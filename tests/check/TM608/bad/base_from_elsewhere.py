import modal

from common import base_image

image = base_image.add_local_python_source("trainer").run_commands("python -m trainer.prepare")
