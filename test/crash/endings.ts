/** What the archiver of `ending-archiver.ts` is doing when it is shut down. */
export const ENDINGS = [
	"before any job",
	"after jobs",
	"while jobs wait to be tried again",
	"with a group that waits for more jobs",
	"with a source that never answers",
	"with a hook that never answers",
	"with an archive that never commits",
	"with a database that never notes who was told",
] as const;

export type Ending = (typeof ENDINGS)[number];
