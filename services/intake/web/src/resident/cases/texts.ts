// What the pages of published cases say.
import { localized } from "../../common/locale";

const zh = {
  title: "办结案例",
  lead: "这些都是群众点的单。办结以后，群众同意公开，政协办公室去掉了个人信息。",
  search: "找一找（例如：路灯）",
  find: "查找",
  none: "还没有公开的案例。",
  nothing: (words: string) => `没有找到和“${words}”有关的案例。`,
  total: (count: number) => `共 ${count} 个案例`,
  more: "再看一些",
  missing: "没有这个案例，或者已经不再公开。",
  rating: "群众评价",
  published: (day: string) => `${day} 公开`,
  number: "单号",
  category: "类别",
  outcome: "结果",
  print: "打印",
  all: "全部案例",
};

const en: typeof zh = {
  title: "Cases",
  lead: "All of these were placed by residents. They agreed to publication, and the office took out what is personal.",
  search: "Search (for example: lamp)",
  find: "Search",
  none: "No case is published yet.",
  nothing: (words) => `There is no case about “${words}”.`,
  total: (count) => `${count} case${count === 1 ? "" : "s"}`,
  more: "Show more",
  missing: "There is no such case, or it is not public any more.",
  rating: "Rating",
  published: (day) => `Published ${day}`,
  number: "Number",
  category: "Category",
  outcome: "Outcome",
  print: "Print",
  all: "All cases",
};

export const words = localized(zh, en);
