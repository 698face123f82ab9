// Sends a file and tells how far it is; fetch() cannot tell.
import { credentials, type Problem } from "./client";
import { looks } from "./looks";

export interface Upload {
  ok: boolean;
  problem?: Problem;
}

/** Rejects when nothing came back. */
export function upload(
  url: string,
  file: File,
  headers: Record<string, string>,
  onProgress: (percent: number) => void,
): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Accept-Language", looks.language === "en" ? "en" : "zh-CN");
    if (credentials.csrf) request.setRequestHeader("X-CSRF-Token", credentials.csrf);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(Math.round((100 * event.loaded) / event.total));
    request.onerror = () => reject(new Error("the network failed"));
    request.onload = () => {
      const ok = request.status >= 200 && request.status < 300;
      let problem: Problem | undefined;
      try {
        problem = ok ? undefined : JSON.parse(request.responseText);
      } catch {
        // an answer of something in between
      }
      resolve({ ok, problem });
    };
    request.send(file);
  });
}
