"""What touches devices: boards, triggers, cameras. Knows nothing of dsp, recorder or tui."""
