import { setTimeout as wait } from "node:timers/promises";
import type { Archive } from "../archive/archive.js";
import { isArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { type Job, type JobKey, MONITORING_STATUS } from "../schema/job.js";
import { type ArchiveProblem, comparePlaces } from "./findings.js";

/** An archiver records a job within less than this after it has become durable. */
const SETTLE_MS = 1000;
/** Suspects that wait for their second look. */
const MOST_SUSPECTS = 1000;
const PAGE_ROWS = 200;
const RELATIVE_ROUNDING = 1e-9;

/** What the comparison asks of a job database. */
export type VerifiableRows = Pick<
	JobRepository,
	"clusters" | "findByKey" | "findJob"
>;

type JobsThere = Pick<Archive, "exists" | "loadJobMeta">;

interface Suspect {
	key: JobKey;
	sinceMs: number;
}

/**
 * Compares the rows of a job database with the jobs of an archive, both in the order of their keys, a page of rows at a
 * time. A job may be archived, or its row change, meanwhile: what does not match is looked at again a moment later, and
 * told of only if it does not match then either.
 */
export class RowComparison {
	readonly #rows: VerifiableRows;
	readonly #archive: JobsThere;
	readonly #report: (problem: ArchiveProblem) => void;
	readonly #suspects: Suspect[] = [];
	readonly #compared = new Set<string>();
	#ofCluster: ClusterRows | undefined;

	constructor(
		rows: VerifiableRows,
		archive: JobsThere,
		report: (problem: ArchiveProblem) => void,
	) {
		this.#rows = rows;
		this.#archive = archive;
		this.#report = report;
	}

	/**
	 * Told of each job of the archive, in its order.
	 *
	 * @param job - Absent when its meta cannot be read.
	 */
	async compare(key: JobKey, job: Job | undefined): Promise<void> {
		if (this.#ofCluster?.cluster !== key.cluster) {
			await this.#passOver(undefined);
			this.#ofCluster = new ClusterRows(this.#rows, key.cluster);
			this.#compared.add(key.cluster);
		}
		await this.#passOver(key);
		const row = await this.#ofCluster.peek();
		if (row === undefined || comparePlaces(row, key) !== 0)
			return this.#suspect(key);
		this.#ofCluster.drop();
		if (!isArchived(row) || (job && differences(row, job).length > 0))
			await this.#suspect(key);
	}

	/**
	 * Told when the archive has no more jobs: what rows are left have none there.
	 *
	 * @param only - The one cluster that the archive was asked for.
	 */
	async finish(only: string | undefined): Promise<void> {
		await this.#passOver(undefined);
		for (const cluster of await this.#rows.clusters()) {
			if (this.#compared.has(cluster)) continue;
			if (only !== undefined && cluster !== only) continue;
			this.#ofCluster = new ClusterRows(this.#rows, cluster);
			await this.#passOver(undefined);
		}
		while (this.#suspects.length > 0) await this.#lookAgain();
	}

	/** Rows that come before the next job of the archive, or before its end. */
	async #passOver(next: JobKey | undefined): Promise<void> {
		const rows = this.#ofCluster;
		if (rows === undefined) return;
		for (;;) {
			const row = await rows.peek();
			if (row === undefined || (next && comparePlaces(row, next) >= 0)) return;
			rows.drop();
			if (isArchived(row)) await this.#suspect(row);
		}
	}

	async #suspect({ cluster, jobId, startTime }: JobKey): Promise<void> {
		const key = { cluster, jobId, startTime };
		this.#suspects.push({ key, sinceMs: performance.now() });
		if (this.#suspects.length > MOST_SUSPECTS) await this.#lookAgain();
	}

	async #lookAgain(): Promise<void> {
		const suspect = this.#suspects.shift();
		if (suspect === undefined) return;
		const { key, sinceMs } = suspect;
		const leftMs = sinceMs + SETTLE_MS - performance.now();
		if (leftMs > 0) await wait(leftMs);
		const problem = await this.#judge(key);
		if (problem !== undefined) this.#report({ ...key, ...problem });
	}

	async #judge(
		key: JobKey,
	): Promise<Pick<ArchiveProblem, "code" | "reason"> | undefined> {
		const row = await this.#rows.findJob(key);
		if (!(await this.#archive.exists(key)))
			return row && isArchived(row)
				? {
						code: "JOB_MISSING",
						reason: "its row says that it is archived, and it is not there",
					}
				: undefined;
		if (row === undefined)
			return {
				code: "ROW_MISSING",
				reason: "it is archived, and the database does not know it",
			};
		if (!isArchived(row))
			return {
				code: "ROW_STATUS",
				reason: `it is archived, and its row has monitoring status ${row.monitoringStatus}`,
			};
		const fields = differences(row, await this.#metaOf(key));
		return fields.length === 0
			? undefined
			: {
					code: "ROW_DIFFERS",
					reason: `its row differs from its meta in ${fields.join(", ")}`,
				};
	}

	/** A meta that cannot be read is told of elsewhere, and tells nothing here. */
	async #metaOf(key: JobKey): Promise<Partial<Job>> {
		try {
			return await this.#archive.loadJobMeta(key);
		} catch (error) {
			if (isArchiverError(error)) return {};
			throw error;
		}
	}
}

/** The rows of one cluster, of which one page is held. */
class ClusterRows {
	readonly cluster: string;
	readonly #rows: VerifiableRows;
	#page: Job[] = [];
	#at = 0;
	#last: JobKey | undefined;
	#ended = false;

	constructor(rows: VerifiableRows, cluster: string) {
		this.#rows = rows;
		this.cluster = cluster;
	}

	/** The next row; undefined: there is none. */
	async peek(): Promise<Job | undefined> {
		if (this.#at === this.#page.length && !this.#ended) {
			this.#page = await this.#rows.findByKey({
				cluster: this.cluster,
				limit: PAGE_ROWS,
				after: this.#last,
			});
			this.#at = 0;
			this.#last = this.#page.at(-1);
			this.#ended = this.#page.length < PAGE_ROWS;
		}
		return this.#page[this.#at];
	}

	drop(): void {
		this.#at++;
	}
}

function isArchived({ monitoringStatus }: Job): boolean {
	return monitoringStatus === MONITORING_STATUS.archivingSuccessful;
}

/** Fields that say something else in the row than in the meta, of those that both have. ClusterCockpit's metas lack some. */
function differences(row: Job, meta: Partial<Job>): string[] {
	const differ: string[] = [];
	if (meta.jobState !== undefined && meta.jobState !== row.jobState)
		differ.push("jobState");
	for (const name of ["duration", "numNodes"] as const)
		if (meta[name] !== undefined && meta[name] !== row[name]) differ.push(name);
	for (const name of ["footprint", "energyFootprint"] as const)
		if (meta[name] !== undefined && !sameNumbers(meta[name], row[name]))
			differ.push(name);
	if (meta.energy !== undefined && !isSame(meta.energy, row.energy ?? 0))
		differ.push("energy");
	return differ;
}

function sameNumbers(
	a: Record<string, number>,
	b: Record<string, number> = {},
): boolean {
	const names = Object.keys(a);
	return (
		names.length === Object.keys(b).length &&
		names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name]))
	);
}

/** A database's numbers come back from text, and may have been written by others. */
function isSame(a: number, b: number): boolean {
	return (
		Math.abs(a - b) <= RELATIVE_ROUNDING * Math.max(Math.abs(a), Math.abs(b))
	);
}
