/** The drawing: one frame from what is shown. Components hold no state; a row is drawn anew only where something in it changed. */
import { Box, Text } from 'ink';
import { memo, type ReactNode, useMemo } from 'react';
import type { RunView } from '../core/api.ts';
import { countsLine, detailsTitle, headerLine, keysLine, statusLine } from './chrome.ts';
import { columnsFor, type PlacedColumn, runLine, titleLine } from './list.ts';
import { emptyLines, helpLines, isTooSmall, noDetailsLines, tooSmallLines } from './pages.ts';
import type { Shown } from './shown.ts';
import type { Line, Signs, Span } from './theme.ts';

export function Frame({ shown }: { shown: Shown }): ReactNode {
  const { columns, rows, help, details } = shown.screen;
  if (isTooSmall(columns, rows)) return <Page columns={columns} rows={rows} lines={tooSmallLines(columns, rows)} />;
  return (
    <Box flexDirection="column" width={columns} height={rows} flexShrink={0}>
      <TextLine line={headerLine(shown)} />
      {help ? <Help shown={shown} /> : details === null ? <List shown={shown} /> : <Details shown={shown} />}
      <TextLine line={keysLine(shown)} />
    </Box>
  );
}

function List({ shown }: { shown: Shown }): ReactNode {
  const { screen, runs, window, listHeight, now, signs } = shown;
  const columns = useMemo(() => columnsFor(screen.columns), [screen.columns]);
  const seen = runs.slice(window.top, window.top + listHeight);
  return (
    <>
      <TextLine line={countsLine(shown)} />
      <TextLine line={titleLine(columns)} />
      <Box flexDirection="column" height={listHeight} flexShrink={0}>
        {seen.length === 0 && <Lines lines={emptyLines(shown).slice(0, listHeight)} />}
        {seen.map((run, row) => {
          const selected = window.top + row === window.index;
          // A finished run looks the same at any time of the day it was made.
          const at = run.endedAt === null ? now : dayOf(now);
          return <RunRow key={run.id} run={run} columns={columns} now={at} signs={signs} selected={selected} />;
        })}
      </Box>
      <TextLine line={statusLine(shown)} />
    </>
  );
}

function dayOf(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0);
}

interface RunRowProps {
  readonly run: RunView;
  readonly columns: readonly PlacedColumn[];
  readonly now: number;
  readonly signs: Signs;
  readonly selected: boolean;
}
const RunRow = memo(function RunRow({ run, columns, now, signs, selected }: RunRowProps) {
  return <TextLine line={runLine(run, columns, now, signs, selected)} />;
});

function Details({ shown }: { shown: Shown }): ReactNode {
  const { opened, lines, top, detailsHeight } = shown;
  const seen = opened?.run ? lines.slice(top, top + detailsHeight) : noDetailsLines(shown);
  return (
    <>
      <TextLine line={detailsTitle(shown)} />
      <Box flexDirection="column" height={detailsHeight} flexShrink={0} paddingLeft={1}>
        <Lines lines={seen} />
      </Box>
      <TextLine line={statusLine(shown)} />
    </>
  );
}

function Help({ shown }: { shown: Shown }): ReactNode {
  const { rows } = shown.screen;
  return (
    <Box flexDirection="column" height={rows - 2} flexShrink={0}>
      <Lines lines={helpLines(shown).slice(0, rows - 2)} />
    </Box>
  );
}

function Page({ columns, rows, lines }: { columns: number; rows: number; lines: readonly Line[] }): ReactNode {
  return (
    <Box flexDirection="column" width={columns} height={rows} flexShrink={0}>
      <Lines lines={lines} />
    </Box>
  );
}

function Lines({ lines }: { lines: readonly Line[] }): ReactNode {
  // Lines have no identity but their place.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return lines.map((line, row) => <TextLine key={row} line={line} />);
}

function TextLine({ line }: { line: Line }): ReactNode {
  return <Text wrap="truncate">{line.map(piece)}</Text>;
}

function piece(span: Span, place: number): ReactNode {
  const { text, colour, bold = false, dim = false, inverse = false } = span;
  if (colour === undefined && !bold && !dim && !inverse) return text;
  return (
    <Text key={place} {...(colour === undefined ? {} : { color: colour })} bold={bold} dimColor={dim} inverse={inverse}>
      {text}
    </Text>
  );
}
