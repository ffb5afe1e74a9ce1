import torch


def main():
    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    for epoch in range(50):
        loss = model(torch.randn(4, 8).cuda()).sum()
        loss.backward()
        optimizer.step()
        torch.save(model.state_dict(), f"checkpoints/{epoch}.pt")
