interface TypedArrayConstructor<T> {
	new (length: number): T;
}

/**
 * Working memory of one thread, kept from call to call so that coding allocates next to nothing. Whoever takes it must
 * be done with it before the next `take` of the same scratch; nothing here survives an `await`.
 */
export class Scratch<
	T extends Uint8Array | Uint32Array | Int32Array | Float64Array,
> {
	readonly #kind: TypedArrayConstructor<T>;
	#array: T;

	constructor(kind: TypedArrayConstructor<T>) {
		this.#kind = kind;
		this.#array = new kind(0);
	}

	/** An array of `length` elements with arbitrary content, on the same memory at each call unless that had to grow. */
	take(length: number): T {
		if (this.#array.length < length)
			this.#array = new this.#kind(Math.ceil(length * 1.25));
		return this.#array.subarray(0, length) as T;
	}
}
