// A scenario as a picture: three measures over time, one line for each policy.
import * as echarts from 'echarts';
import type { Sample } from './recorder.ts';
import { FAULT_AT, type Policy } from './run.ts';

export interface Line {
  readonly policy: Policy;
  readonly samples: readonly Sample[];
}

interface Panel {
  readonly title: string;
  readonly value: (sample: Sample) => number;
}

const PANELS: readonly Panel[] = [
  { title: 'nodes whose new connections fail', value: ({ without }) => without },
  { title: 'connections broken though their master answers, so far', value: ({ broken }) => broken },
  { title: 'answer of the slowest master, s', value: ({ latency }) => Math.round(latency * 10) / 10 },
];
const COLOURS: Readonly<Record<Policy, string>> = {
  ours: '#0969da',
  'two time-outs': '#bc4c00',
  'first failure': '#8250df',
};

const WIDTH = 900;
const PANEL_HEIGHT = 130;
const PANEL_EVERY = 190;
const TOP = 90;

/** SVG text; the same for the same samples. */
export function drawScenario(title: string, lines: readonly Line[]): string {
  const height = TOP + PANELS.length * PANEL_EVERY;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: lines.map(({ policy }) => COLOURS[policy]),
    title: { text: title, left: 70 },
    legend: { top: 34, left: 70, data: lines.map(({ policy }) => policy) },
    grid: PANELS.map((_, index) => ({
      ...{ left: 70, right: 30, top: TOP + index * PANEL_EVERY, height: PANEL_HEIGHT },
    })),
    xAxis: PANELS.map((_, gridIndex) => ({
      ...{
        type: 'value',
        gridIndex,
        min: -FAULT_AT / 1000,
        max: 'dataMax',
        axisLabel: { formatter: '{value} s' },
      },
    })),
    yAxis: PANELS.map(({ title: name }, gridIndex) => ({
      ...{ type: 'value', gridIndex, name, min: 0, minInterval: 1, splitNumber: 3 },
      nameTextStyle: { align: 'left', fontSize: 13 },
    })),
    series: PANELS.flatMap(({ value }, index) =>
      lines.map(({ policy, samples }) => ({
        ...{
          type: 'line',
          name: policy,
          xAxisIndex: index,
          yAxisIndex: index,
          showSymbol: false,
          step: 'end',
        },
        data: samples.map((sample, second) => [second - FAULT_AT / 1000, value(sample)]),
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replace(/(<svg[^>]*>)/, `$1\n<title>${title}</title>`);
}
