import {
	ACTIVE_JOB_STATES,
	type Job,
	MONITORING_STATUS,
	type Tag,
} from "../schema/job.js";

/**
 * Jobs that are left alone for their tags, as ClusterCockpit's retention has it: none, all that have a tag, or those that
 * were tagged by people.
 */
export type OmitTagged = "none" | "all" | "user";

/** Types of the tags that ClusterCockpit's taggers set by themselves. */
const AUTOMATIC_TAG_TYPES: readonly string[] = ["app", "jobClass"];

/** Whether a job is still running. */
export function isActive({ jobState }: Job): boolean {
	return ACTIVE_JOB_STATES.includes(jobState);
}

/** Whether a row of the job database is of a job that is running, or waits to be archived. */
export function isUnfinished(row: Job): boolean {
	return (
		isActive(row) ||
		row.monitoringStatus === MONITORING_STATUS.runningOrArchiving
	);
}

/** Whether a row is of a job that is not archived, or not as it should be. */
export function isUnarchived(row: Job): boolean {
	return (
		isUnfinished(row) ||
		row.monitoringStatus === MONITORING_STATUS.archivingFailed
	);
}

/** @param tags - Of the job, in the archive and in the database. */
export function isKeptForTags(
	tags: readonly Tag[],
	omitTagged: OmitTagged,
): boolean {
	switch (omitTagged) {
		case "none":
			return false;
		case "all":
			return tags.length > 0;
		case "user":
			return tags.some(({ type }) => !AUTOMATIC_TAG_TYPES.includes(type));
	}
}
