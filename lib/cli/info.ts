import type { Command } from "commander";
import type { ArchiveInfo } from "../archive/archive.js";
import { JSON_OPTION } from "./arguments.js";
import { Opened } from "./opened.js";
import {
	printJson,
	printResult,
	type TableColumn,
	tableText,
} from "./output.js";
import { formatBytes, formatCount, formatTime } from "./text.js";

const COLUMNS: readonly TableColumn[] = [
	{ title: "cluster" },
	{ title: "jobs", align: "right" },
	{ title: "first start" },
	{ title: "last start" },
	{ title: "stored", align: "right" },
	{ title: "columnar", align: "right" },
	{ title: "json", align: "right" },
];

export function addInfoCommand(program: Command): void {
	program
		.command("info")
		.description("tell what an archive holds, by cluster")
		.argument("<target>", "the archive: file:DIR, sqlite:FILE or s3://BUCKET")
		.option(...JSON_OPTION)
		.action(info);
}

async function info(
	target: string,
	{ json }: { json?: boolean },
): Promise<void> {
	await using opened = new Opened();
	const archive = await opened.readArchive(target);
	const found = await archive.info();
	if (json) return printJson(found);
	printResult(tableText(COLUMNS, Object.entries(found.clusters).map(rowOf)));
	printResult(`${formatCount(found.jobs)} jobs in ${archive.target}\n`);
}

function rowOf([name, cluster]: [
	string,
	ArchiveInfo["clusters"][string],
]): string[] {
	const { jobs, firstStartTime, lastStartTime, bytes, formats } = cluster;
	return [
		name,
		formatCount(jobs),
		jobs === 0 ? "-" : formatTime(firstStartTime),
		jobs === 0 ? "-" : formatTime(lastStartTime),
		formatBytes(bytes),
		formatCount(formats.columnar),
		formatCount(formats.json),
	];
}
