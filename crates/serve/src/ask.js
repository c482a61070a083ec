const GONE = "the server does not answer: has it ended?";

// What the server answers, or why it does not.
async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Error(GONE);
  }
  const answer = await response.json();
  // What is computed once goes on when nobody waits for it.
  if (response.status === 408 && !options) return ask(address);
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// The address of a run's page.
function pageOf(run) {
  return "/runs/" + run.split("/").map(encodeURIComponent).join("/") + "/report.html";
}
