"""What django-edge-isr shows to staff: the pages of a tag, and the tags of a page."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, JsonResponse

from .. import edge
from ..config import Config
from ..outbox import absolute


@staff_member_required
def status(request: HttpRequest) -> JsonResponse:
    """?tag=post:42 or ?url=/posts/42/, as JSON. 502 if the edge does not say."""
    config = Config.from_settings()
    tag, url = request.GET.get("tag", ""), request.GET.get("url", "")
    try:
        if tag:
            answer = edge.status(config, config.timeout, tag=tag)
            return JsonResponse({"tag": tag, "urls": answer.get("urls", [])})
        if url:
            answer = edge.status(config, config.timeout, url=absolute(url, config))
            return JsonResponse({"url": url, "tags": answer.get("tags", [])})
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)
    except edge.NotTaken as problem:
        return JsonResponse({"error": str(problem)}, status=502)
    return JsonResponse({"ok": True})
