/** Shares of the cap at which the store's owner is told. */
const LEVELS = [0.8, 0.9, 1] as const;
/** How far below a level usage must fall before that level is told again. */
const REARM = 0.05;

/** What the store's owner is told when memory runs short. */
export interface MemoryPressure {
	usedBytes: number;
	maxBytes: number;
	/** The level that was reached: 0.8, 0.9 (data is about to be dropped), or 1 (something found no room). */
	level: (typeof LEVELS)[number];
}

/** Counts the bytes that series take, up to a cap. */
export class MemoryBudget {
	readonly maxBytes: number;
	readonly #onPressure: (pressure: MemoryPressure) => void;
	#usedBytes = 0;
	#told = 0;

	constructor(
		maxBytes: number,
		onPressure: (pressure: MemoryPressure) => void,
	) {
		this.maxBytes = maxBytes;
		this.#onPressure = onPressure;
	}

	get usedBytes(): number {
		return this.#usedBytes;
	}

	/** Share of the cap in use. */
	get share(): number {
		return this.#usedBytes / this.maxBytes;
	}

	fits(bytes: number): boolean {
		return this.#usedBytes + bytes <= this.maxBytes;
	}

	take(bytes: number): void {
		this.#usedBytes += bytes;
		while (this.#told < LEVELS.length && this.share >= LEVELS[this.#told])
			this.#tell(this.#told + 1);
	}

	free(bytes: number): void {
		this.#usedBytes -= bytes;
		while (this.#told > 0 && this.share < LEVELS[this.#told - 1] - REARM)
			this.#told--;
	}

	/** Tells that something found no room. */
	refuse(): void {
		if (this.#told < LEVELS.length) this.#tell(LEVELS.length);
	}

	#tell(told: number): void {
		this.#told = told;
		this.#onPressure({
			usedBytes: this.#usedBytes,
			maxBytes: this.maxBytes,
			level: LEVELS[told - 1],
		});
	}
}
