import { printNote } from "./output.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** SIGINT and SIGTERM while a command works, which would end the process half-way. */
export class Interruption {
	readonly #wished = new AbortController();
	readonly #demanded = new AbortController();
	readonly #onSignal: () => void;

	/** @param handled - Signals that are handled here: one more ends the process as if nobody had listened. */
	constructor(handled: 1 | 2 = 1) {
		let received = 0;
		this.#onSignal = () => {
			received++;
			if (received === handled) this[Symbol.dispose]();
			if (received > 1) return this.#demanded.abort();
			printNote(
				"interrupted: finishing what is under way; once more to let go of it",
			);
			this.#wished.abort();
		};
		for (const signal of SIGNALS) process.on(signal, this.#onSignal);
	}

	/** Aborts at the first signal: finish what is under way. */
	get wished(): AbortSignal {
		return this.#wished.signal;
	}

	/** Aborts at the second signal: let go of everything. */
	get demanded(): AbortSignal {
		return this.#demanded.signal;
	}

	[Symbol.dispose](): void {
		for (const signal of SIGNALS) process.off(signal, this.#onSignal);
	}
}
