import type {
	Archive,
	StagedJob,
	StoredData,
} from "../../lib/archive/archive.js";
import type { JobKey, JobRepository } from "../../lib/index.js";

/**
 * The same archive, but jobs are never written to it: what is left of archiving them is the computing. Holds on to the
 * data of the job that was committed last, to be checked.
 */
export function discardingArchive(archive: Archive): Archive {
	let last: DiscardedJob | undefined;
	return withOwn(archive, {
		stage: async (key: JobKey) => new DiscardedJob(key),
		commit: async (staged: readonly StagedJob[]) => {
			last = staged.at(-1) as DiscardedJob;
			return staged.map(() => undefined);
		},
		loadStoredData: async (): Promise<StoredData> => ({
			encoding: "columnar",
			bytes: new Uint8Array(Buffer.concat(last?.pieces ?? [])),
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
	readonly pieces: Uint8Array[] = [];
	dataBytes = 0;

	constructor(key: JobKey) {
		this.key = key;
	}

	async append(bytes: Uint8Array): Promise<void> {
		this.pieces.push(bytes);
		this.dataBytes += bytes.byteLength;
	}

	async seal(): Promise<void> {}

	async discard(): Promise<void> {}
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
