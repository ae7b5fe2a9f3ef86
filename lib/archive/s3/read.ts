import { ArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import { parseJob } from "../../schema/job-json.js";
import type { StoredData, StoredMeta } from "../archive.js";
import { corruptFile, jobUnknown } from "../errors.js";
import type { JobBytes } from "../job-bytes.js";
import { type DataFileKind, jobFolder, META_FILE } from "../layout.js";
import { readError } from "./errors.js";
import {
	dataAmong,
	dataKindOf,
	dataNameIn,
	isWholeJob,
	withoutDataName,
} from "./job-objects.js";
import { jobObjects } from "./keys.js";
import {
	type ObjectStore,
	type StoredObject,
	sha256Of,
} from "./object-store.js";
import { RangeReader } from "./range-reader.js";
import { isConditionFailed, isMissing } from "./store-error.js";

/** A job's meta, and what it takes to replace it. */
export interface FoundMeta {
	/** Undefined: it is damaged. */
	job: Job | undefined;
	/** Of the object with the job's data; undefined: it has ClusterCockpit's name. */
	dataName: string | undefined;
	etag: string;
}

interface FoundData extends DataFileKind {
	/** Key of the object. */
	key: string;
}

/** How often the same data are looked for that a meta names, or should, and that are not there. */
const LOOKS = 3;

/** Reads the jobs of one archive. */
export class JobReader {
	readonly #store: ObjectStore;
	/** What lies before keys in messages. */
	readonly root: string;

	constructor(store: ObjectStore) {
		this.#store = store;
		this.root = `s3://${store.place.bucket}/${store.place.prefix}`;
	}

	/** Whether a job is there with its data. */
	async exists(key: JobKey): Promise<boolean> {
		const folder = this.root + jobFolder(key);
		try {
			const { objects } = await jobObjects(this.#store, key);
			return isWholeJob([...objects.keys()]);
		} catch (error) {
			throw readError(error, folder, key);
		}
	}

	/** @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT, ARCHIVE_UNREADABLE */
	async loadMeta(key: JobKey): Promise<Job> {
		const object = await this.#getMeta(key);
		try {
			return parseMeta(object);
		} catch (error) {
			throw corruptFile(error, this.root + metaKeyOf(key), key);
		}
	}

	/** @throws ArchiverError JOB_UNKNOWN, ARCHIVE_UNREADABLE */
	async loadStoredMeta(key: JobKey): Promise<StoredMeta> {
		const { bytes } = await this.#getMeta(key);
		return {
			text: textOf(bytes),
			path: this.root + metaKeyOf(key),
		};
	}

	/** The meta that is to be replaced; undefined: there is none. @throws StoreError */
	async findMeta(key: JobKey): Promise<FoundMeta | undefined> {
		let object: StoredObject;
		try {
			object = await this.#store.get(metaKeyOf(key));
		} catch (error) {
			if (isMissing(error)) return undefined;
			throw error;
		}
		const { etag } = object;
		const dataName = dataNameOf(object);
		try {
			return { job: parseMeta(object), dataName, etag };
		} catch {
			return { job: undefined, dataName, etag };
		}
	}

	/**
	 * Finds a job's data for `use` to read.
	 *
	 * @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT, ARCHIVE_UNREADABLE, with path and key
	 */
	withData<T>(key: JobKey, use: (data: JobBytes) => Promise<T>): Promise<T> {
		return this.#withFound(key, async (found) => {
			const { encoding } = found;
			if (encoding === "columnar") {
				const ranges = await RangeReader.open(this.#store, found.key);
				return use({ encoding, ranges });
			}
			return use({ encoding, bytes: await this.#loadData(found) });
		});
	}

	/** Reads a job's data whole. Rejects as {@link withData} does. */
	loadStored(key: JobKey): Promise<StoredData> {
		return this.#withFound(key, async (found) => ({
			encoding: found.encoding,
			bytes: await this.#loadData(found),
			path: this.root + found.key,
		}));
	}

	async #getMeta(key: JobKey): Promise<StoredObject> {
		try {
			return await this.#store.get(metaKeyOf(key));
		} catch (error) {
			if (isMissing(error)) throw jobUnknown(this.root, key);
			throw readError(error, this.root + metaKeyOf(key), key);
		}
	}

	/** Other encodings than plain json carry checksums of their own, which whoever decodes them looks at. */
	async #loadData({
		key,
		encoding,
	}: FoundData): Promise<Uint8Array<ArrayBuffer>> {
		const object = await this.#store.get(key);
		if (encoding === "json") expectIntact(object);
		return object.bytes;
	}

	/** When the job is replaced in between, what was found may be gone, and its successor is there instead. */
	async #withFound<T>(
		key: JobKey,
		use: (found: FoundData) => Promise<T>,
	): Promise<T> {
		let path = this.root + jobFolder(key);
		let looks = 0;
		try {
			for (;;) {
				const found = await this.#findData(key);
				const isSame = found !== undefined && path === this.root + found.key;
				looks = isSame || found === undefined ? looks + 1 : 1;
				if (found !== undefined) {
					path = this.root + found.key;
					try {
						return await use(found);
					} catch (error) {
						if (!isMissing(error) && !isConditionFailed(error)) throw error;
					}
				}
				if (looks === LOOKS) throw lacksData(path, key);
			}
		} catch (error) {
			throw readError(error, path, key);
		}
	}

	async #findData(key: JobKey): Promise<FoundData | undefined> {
		const folder = jobFolder(key);
		let name: string | undefined;
		try {
			name = dataNameOf(await this.#store.get(metaKeyOf(key)));
		} catch (error) {
			throw isMissing(error) ? jobUnknown(this.root, key) : error;
		}
		if (name === undefined) {
			const { objects } = await jobObjects(this.#store, key);
			name = dataAmong([...objects.keys()]);
		}
		const kind = name === undefined ? undefined : dataKindOf(name);
		return kind && { ...kind, key: `${folder}/${name}` };
	}
}

export function metaKeyOf(key: JobKey): string {
	return `${jobFolder(key)}/${META_FILE}`;
}

/** @throws SyntaxError, ArchiverError INVALID_INPUT, DATA_CORRUPT */
function parseMeta(object: StoredObject): Job {
	expectIntact(object);
	return withoutDataName(parseJob(JSON.parse(textOf(object.bytes))));
}

/** @throws ArchiverError DATA_CORRUPT when an object is not what was written under its key */
function expectIntact({ bytes, sha256 }: StoredObject): void {
	if (sha256 === undefined || sha256 === sha256Of(bytes)) return;
	throw new ArchiverError(
		"DATA_CORRUPT",
		`its SHA-256 is not ${sha256}, as it was when it was written`,
	);
}

function dataNameOf({ bytes }: StoredObject): string | undefined {
	try {
		return dataNameIn(JSON.parse(textOf(bytes)));
	} catch {
		return undefined;
	}
}

function textOf({ buffer }: Uint8Array<ArrayBuffer>): string {
	return Buffer.from(buffer).toString();
}

function lacksData(path: string, key: JobKey): ArchiverError {
	const { cluster, jobId, startTime } = key;
	return new ArchiverError(
		"DATA_CORRUPT",
		`${path}: job ${formatJobKey(key)} has no data`,
		{ path, cluster, jobId, startTime },
	);
}
