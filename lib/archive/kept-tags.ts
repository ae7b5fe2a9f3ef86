import type { Job, Tag } from "../schema/job.js";

/**
 * A job that is archived again, with the tags that its earlier version was given in the archive: people set them there,
 * and the job database may not know them. The same job when there is none to add.
 */
export function withKeptTags(job: Job, earlier: Job): Job {
	const known = new Set(job.tags.map(identity));
	const kept = earlier.tags.filter((tag) => !known.has(identity(tag)));
	return kept.length === 0 ? job : { ...job, tags: [...job.tags, ...kept] };
}

function identity({ type, name, scope }: Tag): string {
	return JSON.stringify([type, name, scope ?? ""]);
}
