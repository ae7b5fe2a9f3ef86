import type { ByteReader } from "../../codec/columnar/index.js";
import type { ObjectStore, StoredObject } from "./object-store.js";

/** The index of most jobs' data lies within their last bytes, and small jobs' data as a whole. */
const TAIL_BYTES = 64 * 2 ** 10;

/** Reads an object by range. Its end comes at once with its size, and all ranges are of one version of it. */
export class RangeReader implements ByteReader {
	readonly byteLength: number;
	readonly #store: ObjectStore;
	readonly #key: string;
	readonly #tail: StoredObject;

	private constructor(store: ObjectStore, key: string, tail: StoredObject) {
		this.byteLength = tail.byteLength;
		this.#store = store;
		this.#key = key;
		this.#tail = tail;
	}

	/** @throws StoreError */
	static async open(store: ObjectStore, key: string): Promise<RangeReader> {
		const end = { length: TAIL_BYTES, last: true };
		return new RangeReader(store, key, await store.getRange(key, end));
	}

	/** @throws StoreError, see `isConditionFailed`: the object was replaced */
	async read(offset: number, length: number): Promise<Uint8Array> {
		const { bytes, etag } = this.#tail;
		const tailOffset = this.byteLength - bytes.byteLength;
		if (offset >= tailOffset)
			return bytes.subarray(offset - tailOffset, offset - tailOffset + length);
		const part = { offset, length, etag };
		return (await this.#store.getRange(this.#key, part)).bytes;
	}
}
