/**
 * One arrangement under measurement, such as an archiver with two threads. It has a process of its own, so that memory,
 * compiled code and garbage of one are not felt by another, and stays there from round to round, so that it is warm.
 */
export interface Subject<Input, Run> {
	run(input: Input): Promise<Run>;
	close(): Promise<void>;
}

/** The default export of a subject's module. */
export type OpenSubject<Settings, Input, Run> = (
	settings: Settings,
) => Promise<Subject<Input, Run>>;

/** What the bench says to a subject's process. */
export type SubjectRequest =
	| { do: "open"; module: string; settings: unknown }
	| { do: "run"; input: unknown }
	| { do: "close" };

export type SubjectAnswer =
	| { ok: true; value: unknown }
	| { ok: false; message: string };
