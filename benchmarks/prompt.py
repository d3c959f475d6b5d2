"""One prompt alone, from text to stored decision."""

from __future__ import annotations

from common import fresh_home, median, milliseconds, table

ROUNDS = 500
PROMPTS = (
    "a lighthouse at dusk, oil on canvas",
    "change the colour of her dress to dark green and add a hat",
    "a portrait of an old fisherman mending his nets, 35 mm, soft morning light from a window",
)


def main() -> None:
    """Measure and print."""
    fresh_home()
    from consentry.guard import Guard

    with Guard.open() as guard:
        guard.warm_up()
        times = []
        for number in range(-50, ROUNDS):
            prompt = f"{PROMPTS[number % len(PROMPTS)]}, number {number}"
            took = milliseconds(lambda prompt=prompt: guard.check_prompt(prompt))
            if number >= 0:
                times.append(took)
    p95 = sorted(times)[int(len(times) * 0.95)]
    table(
        [
            ("one prompt", "ms", "limit"),
            ("median", f"{median(times):.2f}", ""),
            ("95th percentile", f"{p95:.2f}", "10"),
        ]
    )


if __name__ == "__main__":
    main()
