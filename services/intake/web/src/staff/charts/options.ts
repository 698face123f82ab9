// What charts show, in the colours and the type of the page around them.
import type { Option } from "./draw";

export interface Look {
  text: string;
  soft: string;
  edge: string;
  accent: string;
  font: string;
  /** px */
  size: number;
}

export interface Bar {
  name: string;
  count: number;
  /** In the period before, to be compared. */
  before?: number;
}

/** Lying bars, the first on top, each with its number. names: of the two series, where there are two. */
export function bars(rows: Bar[], names: { now: string; before: string }): (look: Look) => Option {
  return (look) => {
    const label = { show: true, position: "right", color: look.text, fontSize: look.size };
    const barMaxWidth = look.size * 1.4;
    const series = [
      {
        name: names.now,
        type: "bar",
        barMaxWidth,
        data: rows.map((row) => row.count),
        itemStyle: { color: look.accent },
        label,
      },
      {
        name: names.before,
        type: "bar",
        barMaxWidth,
        data: rows.map((row) => row.before),
        itemStyle: { color: look.soft },
        label,
      },
    ];
    const compares = rows.some((row) => row.before !== undefined);
    return {
      animation: false,
      textStyle: { fontFamily: look.font },
      grid: { left: 4, right: look.size * 3, top: compares ? look.size * 2 : 4, bottom: 4, containLabel: true },
      legend: compares ? { top: 0, left: 0, textStyle: { color: look.text, fontSize: look.size } } : undefined,
      xAxis: { type: "value", minInterval: 1, axisLabel: { show: false }, splitLine: { show: false } },
      yAxis: {
        type: "category",
        inverse: true,
        data: rows.map((row) => row.name),
        axisLabel: { color: look.text, fontSize: look.size },
        axisLine: { lineStyle: { color: look.edge } },
        axisTick: { show: false },
      },
      series: compares ? series : series.slice(0, 1),
    };
  };
}

/** Scores from 0 to 100 in several dimensions. */
export function radar(dimensions: { dimension: string; score: number }[]): (look: Look) => Option {
  return (look) => ({
    animation: false,
    textStyle: { fontFamily: look.font },
    radar: {
      radius: "62%",
      indicator: dimensions.map(({ dimension }) => ({ name: dimension, max: 100 })),
      axisName: { color: look.text, fontSize: look.size },
      axisLine: { lineStyle: { color: look.edge } },
      splitLine: { lineStyle: { color: look.edge } },
      splitArea: { show: false },
    },
    series: [
      {
        type: "radar",
        data: [{ value: dimensions.map(({ score }) => score) }],
        lineStyle: { color: look.accent, width: 3 },
        itemStyle: { color: look.accent },
        areaStyle: { color: look.accent, opacity: 0.2 },
      },
    ],
  });
}
