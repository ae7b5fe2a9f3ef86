import { serializeJob } from "../../schema/job-json.js";
import { withKeptTags } from "../kept-tags.js";
import { DATA_FILES, dataFileName, jobFolder, META_FILE } from "../layout.js";
import { isOwnDataName, withDataName } from "./job-objects.js";
import { jobObjects } from "./keys.js";
import type { Condition, ObjectStore } from "./object-store.js";
import { type FoundMeta, type JobReader, metaKeyOf } from "./read.js";
import { isStaged, type SealedJob } from "./staged-job.js";
import { isConditionFailed, StoreError } from "./store-error.js";

/** How often a meta is written that somebody else, such as ClusterCockpit, changes in the same moment. */
const TRIES = 5;

/** One job on its way from data that no meta tells to a job that everybody sees. */
export class JobCommit {
	readonly sealed: SealedJob;
	readonly #store: ObjectStore;
	readonly #reader: JobReader;
	readonly #folder: string;
	/** Names in the job's folder, and the meta of the version that is there. */
	#names: readonly string[] = [];
	#earlier: FoundMeta | undefined;
	/** Names of data that nobody reads any more. */
	#stale: readonly string[] = [];
	/** Whether json data were copied to where ClusterCockpit looks for them. */
	#isCopied = false;
	/** Whether a meta names the data, or will once the store has done what it has not answered to. */
	#mayBeNamed = false;

	constructor(store: ObjectStore, reader: JobReader, sealed: SealedJob) {
		this.#store = store;
		this.#reader = reader;
		this.sealed = sealed;
		this.#folder = `${jobFolder(sealed.key)}/`;
	}

	/**
	 * Finds out what is there, and does what nobody sees: json data of a job that is new are copied to where ClusterCockpit
	 * looks for them.
	 *
	 * @throws StoreError
	 */
	async prepare(): Promise<void> {
		const { key, encoding } = this.sealed;
		const { objects } = await jobObjects(this.#store, key);
		this.#names = [...objects.keys()];
		this.#earlier = objects.has(META_FILE)
			? await this.#reader.findMeta(key)
			: undefined;
		if (encoding !== "columnar" && this.#earlier === undefined)
			await this.#copyToCommon();
	}

	/** Whether something will be left to clean up once the job is visible. */
	get leaves(): boolean {
		const { encoding, dataName } = this.sealed;
		return (
			encoding !== "columnar" ||
			this.#names.some((name) => isOwnDataName(name) && name !== dataName)
		);
	}

	/**
	 * Lets the meta name the data. That one write is what replaces the version that was there, for every reader of this
	 * library. ClusterCockpit finds json data by their name alone: where a version is replaced they are copied there once
	 * the meta has been, which is then written once more, without the name.
	 *
	 * @throws StoreError
	 */
	async makeVisible(): Promise<void> {
		const { encoding, dataName } = this.sealed;
		if (encoding === "columnar") {
			await this.#putMeta(dataName);
			await this.#removeCommon();
		} else {
			if (!this.#isCopied) {
				await this.#putMeta(dataName);
				await this.#copyToCommon();
			}
			await this.#putMeta(undefined);
		}
		const kept = encoding === "columnar" ? dataName : undefined;
		this.#stale = [...new Set([...this.#names, dataName])].filter(
			(name) => isOwnDataName(name) && name !== kept && isLeft(name, dataName),
		);
	}

	/** The job has come to stay: removes what it has replaced. @throws StoreError */
	async cleanUp(): Promise<void> {
		for (const name of this.#stale) await this.#remove(name);
	}

	/** Removes the data of a job that could not be made visible, unless it may be so after all. @throws StoreError */
	async giveUp(): Promise<void> {
		if (this.#mayBeNamed) return;
		await this.#remove(this.sealed.dataName);
		const { encoding } = this.sealed;
		if (this.#isCopied) await this.#remove(dataFileName(encoding));
	}

	/** With the tags that the version before has got: they may have been set a moment ago. */
	async #putMeta(dataName: string | undefined): Promise<void> {
		const { key, job } = this.sealed;
		for (let tries = 1; ; tries++) {
			const earlier = this.#earlier;
			const kept = earlier?.job ? withKeptTags(job, earlier.job) : job;
			const text = serializeJob(withDataName(kept, dataName));
			const condition: Condition = earlier ?? { absent: true };
			try {
				const etag = await this.#store.put(
					metaKeyOf(key),
					Buffer.from(text),
					condition,
				);
				this.#earlier = { job: kept, dataName, etag };
				this.#mayBeNamed = true;
				return;
			} catch (error) {
				if (error instanceof StoreError && error.isUncertain)
					this.#mayBeNamed = true;
				if (!isConditionFailed(error) || tries === TRIES) throw error;
				this.#earlier = await this.#reader.findMeta(key);
			}
		}
	}

	async #copyToCommon(): Promise<void> {
		const { encoding, dataName } = this.sealed;
		const common = dataFileName(encoding);
		this.#isCopied = true;
		// Copies that were asked for and not done yet, of versions that failed, fail without what they would copy.
		for (const name of this.#names)
			if (isOwnDataName(name) && name !== dataName && !isStaged(name))
				await this.#store.delete(this.#folder + name);
		await this.#store.copy(this.#folder + dataName, this.#folder + common);
		await this.#removeCommon(common);
	}

	/** Data under ClusterCockpit's names, which a reader of json data might take for the job's. */
	async #removeCommon(kept?: string): Promise<void> {
		for (const { name } of DATA_FILES)
			if (name !== kept && this.#names.includes(name))
				await this.#store.delete(this.#folder + name);
	}

	#remove(name: string): Promise<void> {
		return this.#store.delete(this.#folder + name);
	}
}

function isLeft(name: string, own: string): boolean {
	return name === own || !isStaged(name);
}
