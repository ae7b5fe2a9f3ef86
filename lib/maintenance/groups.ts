import { type ArchiverError, toArchiverError } from "../errors.js";

const GROUP_ITEMS = 64;

/** Works on a group. One entry an item: undefined when it went well, else why not. */
type GroupWork<T> = (
	group: readonly T[],
) => Promise<readonly (ArchiverError | undefined)[]>;

interface Waiting<T> {
	item: T;
	resolve(): void;
	reject(error: ArchiverError): void;
}

/** Puts items in groups, one group after the other: those that come while one is worked on are the next one. */
export class Groups<T> {
	readonly #work: GroupWork<T>;
	#waiting: Waiting<T>[] = [];
	#running = false;

	/** @param work - When it rejects, every item of the group has failed. */
	constructor(work: GroupWork<T>) {
		this.#work = work;
	}

	/** Resolves when the item's group is done. @throws ArchiverError why it could not be done. */
	add(item: T): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ item, resolve, reject });
			if (!this.#running) void this.#run();
		});
	}

	async #run(): Promise<void> {
		this.#running = true;
		while (this.#waiting.length > 0) {
			const group = this.#waiting.slice(0, GROUP_ITEMS);
			this.#waiting = this.#waiting.slice(GROUP_ITEMS);
			const errors = await this.#workOn(group.map(({ item }) => item));
			group.forEach(({ resolve, reject }, i) => {
				const error = errors[i];
				if (error === undefined) resolve();
				else reject(error);
			});
		}
		this.#running = false;
	}

	async #workOn(
		items: readonly T[],
	): Promise<readonly (ArchiverError | undefined)[]> {
		try {
			return await this.#work(items);
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_WRITE_FAILED");
			return items.map(() => error);
		}
	}
}
