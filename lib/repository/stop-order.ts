import {
	ACTIVE_JOB_STATES,
	type Job,
	MONITORING_STATUS,
} from "../schema/job.js";
import type { SqlValue, Statements } from "../sqlite/connection.js";
import { Filter, limitOf, rowIdOf } from "./filter.js";
import type { JobQuery } from "./repository.js";

/** A query that selects `id` and `stop_time` of one page. */
export interface PageQuery {
	sql: string;
	values: SqlValue[];
}

const { runningOrArchiving, archivingFailed } = MONITORING_STATUS;

const HAS_ENDED = `job_state NOT IN (${ACTIVE_JOB_STATES.map((state) => `'${state}'`).join(", ")})`;

const STOPS_TABLE = "temp.hpc_job_archiver_stops";

const LIST_STOPS = `
	PRAGMA query_only = OFF;
	CREATE TABLE IF NOT EXISTS ${STOPS_TABLE} (
		stop_time INTEGER, id INTEGER, PRIMARY KEY (stop_time, id)
	) WITHOUT ROWID;
	DELETE FROM ${STOPS_TABLE};
	INSERT INTO ${STOPS_TABLE}
		SELECT start_time + duration, id FROM job
		WHERE monitoring_status IN (${runningOrArchiving}, ${archivingFailed}) AND ${HAS_ENDED};
	PRAGMA query_only = ON;
`;

/**
 * Pages of stopped jobs that are not archived, the oldest stop first.
 *
 * Our own databases have an index for it. ClusterCockpit's have none that tells pending from archived jobs, and reading
 * the whole table for every page makes a sweep over 100,000 pending jobs take minutes: there the first page lists the
 * stops in a temporary table of the reading connection, and the pages behind it follow that list. What has left the
 * set since is passed over; what has entered it is in the next list.
 */
export class StopOrder {
	readonly #reader: Pick<Statements, "script">;
	readonly #indexed: boolean;
	#listed = false;

	constructor(reader: Pick<Statements, "script">, indexed: boolean) {
		this.#reader = reader;
		this.#indexed = indexed;
	}

	async page(status: 1 | 2, query: JobQuery): Promise<PageQuery> {
		if (this.#indexed) return indexedPage(status, query);
		if (query.after === undefined || !this.#listed) await this.#list();
		return listedPage(status, query);
	}

	/** Other sweeps may be under way: they only gain by a newer list, and make one themselves where this one fails half-way. */
	async #list(): Promise<void> {
		this.#listed = false;
		await this.#reader.script(LIST_STOPS);
		this.#listed = true;
	}
}

/** Status and sum are written as in our index, which then gives the order. */
function indexedPage(status: number, query: JobQuery): PageQuery {
	const filter = stoppedJobs(status, query);
	if (query.after !== undefined) {
		const [stopTime, id] = stopOf(query.after);
		// The first condition follows from the second, but only the first one makes SQLite enter the index there.
		filter.add("start_time + duration >= ?", stopTime);
		filter.add("(start_time + duration, id) > (?, ?)", stopTime, id);
	}
	return {
		sql: `SELECT id, start_time + duration AS stop_time FROM job
			${filter.where()} ORDER BY start_time + duration, id LIMIT ?`,
		values: [...filter.values, limitOf(query)],
	};
}

/** CROSS JOIN keeps SQLite to this order of the two. */
function listedPage(status: number, query: JobQuery): PageQuery {
	const filter = stoppedJobs(status, query);
	if (query.after !== undefined)
		filter.add("(stops.stop_time, stops.id) > (?, ?)", ...stopOf(query.after));
	return {
		sql: `SELECT stops.id, stops.stop_time
			FROM ${STOPS_TABLE} AS stops CROSS JOIN job ON job.id = stops.id
			${filter.where()} ORDER BY stops.stop_time, stops.id LIMIT ?`,
		values: [...filter.values, limitOf(query)],
	};
}

function stoppedJobs(status: number, { cluster }: JobQuery): Filter {
	const filter = new Filter();
	filter.add(`monitoring_status = ${status}`);
	filter.add(HAS_ENDED);
	if (cluster !== undefined) filter.add("cluster = ?", cluster);
	return filter;
}

function stopOf(job: Job): [stopTime: number, id: number] {
	return [job.startTime + job.duration, rowIdOf(job)];
}
