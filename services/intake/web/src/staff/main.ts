import { createApp } from "vue";
import "../common/tokens.css";
import "../common/base.css";
import "./work.css";
import App from "./App.vue";
import { router } from "./router";

createApp(App).use(router).mount("#app");
