#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { type ErrorCode, isArchiverError } from "../errors.js";
import { addArchiveCommand } from "./archive.js";
import { addCompressCommand } from "./compress.js";
import { addDemoCommand } from "./demo.js";
import { addExportCommand } from "./export.js";
import { addImportCommand } from "./import.js";
import { addInfoCommand } from "./info.js";
import { showsStacks } from "./logger.js";
import { printJson, printNote } from "./output.js";
import { addRemoveCommand } from "./remove.js";
import { addRetainCommand } from "./retain.js";
import { addShowCommand } from "./show.js";
import { plainText } from "./text.js";
import { addVerifyCommand } from "./verify.js";

const EXIT_FAILED = 1;
const EXIT_WRONG_USE = 2;
/** What a command rejects with when it was called with something that it cannot use. */
const WRONG_USE_CODES: readonly ErrorCode[] = [
	"INVALID_OPTION",
	"INVALID_INPUT",
];

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
});

const program = new Command("hpc-job-archiver")
	.description("Archives the metric series of finished HPC jobs.")
	.version(packageVersion())
	.exitOverride();
addDemoCommand(program);
addArchiveCommand(program);
addInfoCommand(program);
addShowCommand(program);
addVerifyCommand(program);
addImportCommand(program);
addCompressCommand(program);
addRemoveCommand(program);
addRetainCommand(program);
addExportCommand(program);

try {
	await program.parseAsync();
} catch (error) {
	if (error instanceof CommanderError) reportUsage(error);
	else reportFailure(error);
}

/** Commander has said on standard error what is wrong. */
function reportUsage({ exitCode, message }: CommanderError): void {
	if (exitCode === 0) return;
	process.exitCode = EXIT_WRONG_USE;
	reportAsJson("INVALID_OPTION", message.replace(/^error: /, ""));
}

function reportFailure(error: unknown): void {
	const message = error instanceof Error ? error.message : String(error);
	const code = isArchiverError(error) ? error.code : undefined;
	process.exitCode =
		code !== undefined && WRONG_USE_CODES.includes(code)
			? EXIT_WRONG_USE
			: EXIT_FAILED;
	printNote(`error ${code ?? "UNEXPECTED"}: ${plainText(message)}`);
	if (error instanceof Error && showsStacks(process.env.ARCHIVER_LOG_LEVEL))
		printNote(String(error.stack));
	reportAsJson(code ?? "UNEXPECTED", message);
}

function reportAsJson(code: string, message: string): void {
	if (process.argv.includes("--json")) printJson({ error: { code, message } });
}

function packageVersion(): string {
	const path = new URL("../../../package.json", import.meta.url);
	return (JSON.parse(readFileSync(path, "utf8")) as { version: string })
		.version;
}
