// A path of the page's own router is the page. What is missing under /assets/, or has a file's name, stays missing: a page in
// place of a script would be run as one. /api/ has a behaviour of its own and never comes here.
function handler(event) {
  var request = event.request;
  var name = request.uri.split('/').pop();
  if (request.uri.indexOf('/assets/') !== 0 && name.indexOf('.') === -1) {
    request.uri = '/index.html';
  }
  return request;
}
