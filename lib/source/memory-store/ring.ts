const EMPTY = new Float64Array(0);

/**
 * The newest samples of one series: consecutive slots of time, one timestep apart, in an array that is written in a
 * circle. Slots are whole numbers that ascend with time. A slot without a sample is NaN.
 */
export class Ring {
	#values: Float64Array<ArrayBuffer> = EMPTY;
	/** Index of the newest slot in `#values`. */
	#head = 0;
	#newestSlot = 0;
	#length = 0;

	/** Slots that there is room for. */
	get capacity(): number {
		return this.#values.length;
	}

	get byteLength(): number {
		return this.#values.byteLength;
	}

	/** Slots from the oldest to the newest, with and without samples. */
	get length(): number {
		return this.#length;
	}

	/** Meaningless while `length` is 0. */
	get newestSlot(): number {
		return this.#newestSlot;
	}

	/** Meaningless while `length` is 0. */
	get oldestSlot(): number {
		return this.#newestSlot - this.#length + 1;
	}

	/** Whether a sample in `slot` finds room and pushes no other slot out. */
	takes(slot: number): boolean {
		const age = this.#newestSlot - slot;
		if (age >= 0 && age < this.#length) return true;
		if (this.#length === 0) return this.capacity > 0;
		return (age < 0 ? this.#length - age : age + 1) <= this.capacity;
	}

	/**
	 * Puts a sample in its slot. A newer slot than any moves the ring on, at the expense of the oldest ones where it is full.
	 * An older slot than any must be one that the ring {@link takes}.
	 *
	 * @returns whether there was a sample in the slot, which is gone now.
	 */
	put(slot: number, value: number): boolean {
		const values = this.#values;
		const ahead = slot - this.#newestSlot;
		if (this.#length > 0 && ahead <= 0) {
			if (-ahead >= this.#length) this.#lengthenTo(1 - ahead);
			const index = this.#indexOf(slot);
			const replaces = !Number.isNaN(values[index]);
			values[index] = value;
			return replaces;
		}
		if (ahead === 1) this.#moveHead();
		else this.#skip(ahead);
		this.#newestSlot = slot;
		values[this.#head] = value;
		return false;
	}

	/** Makes room for `capacity` slots. The newest ones stay, as many as fit. */
	resize(capacity: number): void {
		const kept = Math.min(this.#length, capacity);
		const values = capacity === 0 ? EMPTY : new Float64Array(capacity);
		if (kept > 0) this.copy(this.#newestSlot - kept + 1, kept, values, 0);
		this.#values = values;
		this.#length = kept;
		this.#head = Math.max(0, kept - 1);
	}

	/** Replaces everything by these samples, the first of them in `firstSlot`. The ring then has no room for more. */
	fill(firstSlot: number, samples: Float64Array): void {
		this.#values = new Float64Array(samples);
		this.#length = samples.length;
		this.#head = samples.length - 1;
		this.#newestSlot = firstSlot + samples.length - 1;
	}

	/** Moves all samples to slots with higher numbers, or lower ones. */
	renumber(shift: number): void {
		this.#newestSlot += shift;
	}

	/** Copies `count` slots into `target` from `offset` on, with NaN for those that the ring does not reach. */
	copy(
		firstSlot: number,
		count: number,
		target: Float64Array,
		offset: number,
	): void {
		const from = Math.max(firstSlot, this.oldestSlot);
		const end = Math.min(firstSlot + count, this.#newestSlot + 1);
		if (this.#length === 0 || from >= end) {
			target.fill(Number.NaN, offset, offset + count);
			return;
		}
		const before = from - firstSlot;
		const present = end - from;
		if (before > 0) target.fill(Number.NaN, offset, offset + before);
		if (before + present < count)
			target.fill(Number.NaN, offset + before + present, offset + count);
		const values = this.#values;
		const index = this.#indexOf(from);
		const first = Math.min(present, values.length - index);
		target.set(values.subarray(index, index + first), offset + before);
		if (first < present)
			target.set(values.subarray(0, present - first), offset + before + first);
	}

	/** Whether any of these slots has a sample. */
	hasSamples(firstSlot: number, count: number): boolean {
		return this.#countSamples(firstSlot, count, 1) > 0;
	}

	/** How many of these slots have a sample. */
	countSamples(firstSlot: number, count: number): number {
		return this.#countSamples(firstSlot, count, Number.POSITIVE_INFINITY);
	}

	/** Calls `visit` with every sample, oldest first. */
	forEach(visit: (slot: number, value: number) => void): void {
		for (let slot = this.oldestSlot; slot <= this.#newestSlot; slot++) {
			const value = this.#values[this.#indexOf(slot)];
			if (!Number.isNaN(value)) visit(slot, value);
		}
	}

	#countSamples(firstSlot: number, count: number, enough: number): number {
		if (this.#length === 0) return 0;
		const end = Math.min(firstSlot + count, this.#newestSlot + 1);
		let slot = Math.max(firstSlot, this.oldestSlot);
		let samples = 0;
		if (slot >= end) return 0;
		for (let index = this.#indexOf(slot); slot < end; slot++) {
			if (!Number.isNaN(this.#values[index]) && ++samples >= enough) break;
			if (++index === this.#values.length) index = 0;
		}
		return samples;
	}

	/** The slot must be one that the ring reaches. */
	#indexOf(slot: number): number {
		const index = this.#head - (this.#newestSlot - slot);
		return index < 0 ? index + this.#values.length : index;
	}

	#moveHead(): void {
		if (++this.#head === this.#values.length) this.#head = 0;
		if (this.#length < this.#values.length) this.#length++;
	}

	/** Moves on by `ahead` slots, the last of which is about to be written. Starts afresh where nothing would be left. */
	#skip(ahead: number): void {
		if (this.#length === 0 || ahead >= this.#values.length) {
			this.#head = 0;
			this.#length = 1;
			return;
		}
		for (let i = 1; i < ahead; i++) {
			this.#moveHead();
			this.#values[this.#head] = Number.NaN;
		}
		this.#moveHead();
	}

	/** Reaches back until there are `length` slots. */
	#lengthenTo(length: number): void {
		const oldSlots = this.#length;
		this.#length = length;
		for (let age = oldSlots; age < length; age++)
			this.#values[this.#indexOf(this.#newestSlot - age)] = Number.NaN;
	}
}
