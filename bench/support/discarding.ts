import type {
	Archive,
	StagedJob,
	StoredData,
} from "../../lib/archive/archive.js";
import type { JobKey, JobRepository } from "../../lib/index.js";

const INITIAL_BYTES = 2 ** 16;

/**
 * The same archive, but jobs are never written to it: what is left of archiving them is the computing. Holds on to the
 * data of the job that was committed last, to be checked.
 */
export function discardingArchive(archive: Archive): Archive {
	let last = new Uint8Array();
	/** Buffers of discarded jobs: a real archive leaves no garbage of that size either. */
	const free: ArrayBuffer[] = [];
	return withOwn(archive, {
		stage: async (key: JobKey) =>
			new DiscardedJob(key, free.pop() ?? new ArrayBuffer(INITIAL_BYTES)),
		commit: async (staged: readonly StagedJob[]) => {
			for (const { data } of staged as readonly DiscardedJob[]) {
				if (last.length > 0) free.push(last.buffer);
				last = data;
			}
			return staged.map(() => undefined);
		},
		loadStoredData: async (): Promise<StoredData> => ({
			encoding: "columnar",
			bytes: last.slice(),
			path: archive.target,
		}),
	});
}

/** The same job database, but what is archived is not recorded. */
export function discardingCommits(repository: JobRepository): JobRepository {
	return withOwn(repository, { commitArchived: async () => {} });
}

class DiscardedJob implements StagedJob {
	readonly key: JobKey;
	data: Uint8Array<ArrayBuffer>;

	constructor(key: JobKey, buffer: ArrayBuffer) {
		this.key = key;
		this.data = new Uint8Array(buffer, 0, 0);
	}

	get dataBytes(): number {
		return this.data.length;
	}

	/** Copies: the bytes are the caller's again. */
	async append(bytes: Uint8Array): Promise<void> {
		const { buffer, length } = this.data;
		const room = length + bytes.length;
		this.data =
			room <= buffer.byteLength
				? new Uint8Array(buffer, 0, room)
				: copied(this.data, new ArrayBuffer(2 * room), room);
		this.data.set(bytes, length);
	}

	/** Swaps buffers where it can, as an archive does that writes elsewhere: nothing is copied. */
	async give(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
		const { buffer, length } = this.data;
		if (length > 0 || buffer.byteLength < bytes.buffer.byteLength) {
			await this.append(bytes);
			return bytes.buffer;
		}
		this.data = bytes;
		return buffer;
	}

	async seal(): Promise<void> {}

	async discard(): Promise<void> {}
}

function copied(
	data: Uint8Array,
	buffer: ArrayBuffer,
	length: number,
): Uint8Array<ArrayBuffer> {
	const copy = new Uint8Array(buffer, 0, length);
	copy.set(data);
	return copy;
}

function withOwn<T extends object>(original: T, own: Partial<T>): T {
	return new Proxy(original, {
		get(target, name) {
			if (Object.hasOwn(own, name)) return Reflect.get(own, name);
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}
