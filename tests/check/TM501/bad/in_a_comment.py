import modal

app = modal.App("agent")
# old key, remove: sk-proj-dq8b8Vw2zbJYAxyL1aCcTlN99mhWp708DwGw5HqXDgLVXZx3
secret = modal.Secret.from_dict({"AWS_ACCESS_KEY_ID": "AKIASC1FNV6XJVR8FTUT"})
