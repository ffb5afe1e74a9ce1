"""Chat templates of model families, written anew: the same turns with system, user and assistant.

What the real ones add for tools, dates and reasoning is left out.
"""

from __future__ import annotations

_EACH = "{% for message in messages %}"
_END = "{% endfor %}"
# GLM and others name the assistant where the model is to answer.
_ASSISTANT = "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"


def _prompt(text: str) -> str:
    return "{% if add_generation_prompt %}{{ '" + text + "' }}{% endif %}"


# Qwen, SmolLM and others: https://github.com/openai/openai-python/blob/v0.28.1/chatml.md
CHATML = (
    _EACH
    + "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    + _END
    + _prompt("<|im_start|>assistant\\n")
)
LLAMA3 = (
    "{{ bos_token }}"
    + _EACH
    + "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    + "{{ message['content'] | trim + '<|eot_id|>' }}"
    + _END
    + _prompt("<|start_header_id|>assistant<|end_header_id|>\\n\\n")
)
INST = (
    "{{ bos_token }}"
    + _EACH
    + "{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] | trim + eos_token }}"
    + "{% elif message['role'] == 'user' %}{{ '[INST] ' + message['content'] | trim + ' [/INST]' }}"
    + "{% else %}{{ '[INST] ' + message['content'] | trim + ' [/INST]' + eos_token }}{% endif %}"
    + _END
)
_GEMMA_TURN = (
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' }}"
    "{{ message['content'] | trim + '<end_of_turn>\\n' }}"
)
GEMMA = (
    "{{ bos_token }}"
    + _EACH
    + "{% if message['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    + _GEMMA_TURN
    + _END
    + _prompt("<start_of_turn>model\\n")
)
# Gemma 3 takes what the system says for the beginning of the user's first turn.
GEMMA3 = (
    "{{ bos_token }}{% set said = namespace(first='') %}"
    + _EACH
    + "{% if message['role'] == 'system' %}{% set said.first = message['content'] + '\\n\\n' %}{% else %}"
    + "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' }}"
    + "{{ said.first + message['content'] | trim + '<end_of_turn>\\n' }}{% set said.first = '' %}{% endif %}"
    + _END
    + _prompt("<start_of_turn>model\\n")
)
PHI3 = (
    _EACH
    + "{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"
    + _END
    + "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"
)
PHI4 = (
    _EACH
    + "{{ '<|im_start|>' + message['role'] + '<|im_sep|>' + message['content'] + '<|im_end|>' }}"
    + _END
    + _prompt("<|im_start|>assistant<|im_sep|>")
)
PHI4_MINI = (
    _EACH
    + "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    + _END
    + "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}"
)
# https://cookbook.openai.com/articles/openai-harmony
HARMONY = (
    _EACH
    + "{% if message['role'] == 'assistant' %}"
    + "{{ '<|start|>assistant<|channel|>final<|message|>' + message['content'] }}"
    + "{{ '<|return|>' if loop.last and not add_generation_prompt else '<|end|>' }}{% else %}"
    + "{{ '<|start|>' + message['role'] + '<|message|>' + message['content'] + '<|end|>' }}{% endif %}"
    + _END
    + _prompt("<|start|>assistant")
)
DEEPSEEK = (
    "{{ bos_token }}"
    + _EACH
    + "{% if message['role'] == 'assistant' %}"
    + "{{ '<｜Assistant｜>' + message['content'] + '<｜end▁of▁sentence｜>' }}"
    + "{% elif message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] }}"
    + "{% else %}{{ message['content'] }}{% endif %}"
    + _END
    + _prompt("<｜Assistant｜>")
)
DEEPSEEK2 = (
    "{{ bos_token }}"
    + _EACH
    + "{% if message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}"
    + "{% elif message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\\n\\n' }}"
    + "{% else %}{{ message['content'] + '\\n\\n' }}{% endif %}"
    + _END
    + _prompt("Assistant:")
)
# TinyLlama's chat model, and with its own end token Falcon 3 and OLMo 2.
TURNS_ON_LINES = (
    _EACH
    + "{{ '<|' + message['role'] + '|>\\n' + message['content'] }}"
    + "{{ eos_token if message['role'] == 'assistant' else '' }}{{ '\\n' }}"
    + _END
    + _prompt("<|assistant|>\\n")
)
ZEPHYR = (
    _EACH
    + "{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' }}"
    + _END
    + _prompt("<|assistant|>")
)
FALCON = (
    _EACH
    + "{{ {'user': 'User: ', 'assistant': 'Assistant: '}.get(message['role'], '') }}"
    + "{{ message['content'] | trim + '\\n\\n' }}"
    + _END
    + _prompt("Assistant:")
)
GRANITE = (
    _EACH
    + "{{ '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] }}"
    + "{{ '<|end_of_text|>\\n' }}"
    + _END
    + _prompt("<|start_of_role|>assistant<|end_of_role|>")
)
GLM = (
    "{{ '[gMASK]<sop>' }}"
    + _EACH
    + "{{ '<|' + message['role'] + '|>\\n' + message['content'] }}"
    + _END
    + _ASSISTANT
)
COHERE = (
    "{{ bos_token }}"
    + _EACH
    + "{{ '<|START_OF_TURN_TOKEN|>' + {'user': '<|USER_TOKEN|>', 'assistant': '<|CHATBOT_TOKEN|>'}"
    + ".get(message['role'], '<|SYSTEM_TOKEN|>') + message['content'] | trim + '<|END_OF_TURN_TOKEN|>' }}"
    + _END
    + _prompt("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>")
)
