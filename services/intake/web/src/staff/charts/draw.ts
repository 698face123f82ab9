// What is used of ECharts, in a file of its own: only who opens a page with a chart loads it.
import { BarChart, RadarChart } from "echarts/charts";
import { GridComponent, LegendComponent, RadarComponent } from "echarts/components";
import { init, use, type EChartsCoreOption } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, RadarChart, GridComponent, LegendComponent, RadarComponent, CanvasRenderer]);

export { init };
export type Option = EChartsCoreOption;
export type Drawn = ReturnType<typeof init>;
