/**
 * Names of request header fields by which some origin answers differently: two
 * hundred, for tests that send what an attacker would.
 */

/** From which a framework takes host, scheme, path or method: the edge's own, or absent. */
export const OVERRIDES = [
  ...["Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server"],
  ...["X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Protocol", "X-Forwarded-Uri"],
  ...["X-Forwarded-Path", "X-Forwarded-Method", "X-Forwarded-By", "X-Forwarded-User"],
  ...["X-Original-URL", "X-Original-URI", "X-Original-Host", "X-Original-Method", "X-Rewrite-URL"],
  ...["X-Host", "X-HTTP-Host-Override", "X-Url-Scheme", "X-Scheme", "Front-End-Https"],
  ...["X-Script-Name", "SCRIPT_NAME", "Script-Name", "PATH_INFO", "Path-Info"],
  ...["X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Real-IP", "True-Client-IP"],
  ...["Proxy", "X-Middleware-Subrequest", "X-Middleware-Rewrite", "X-Middleware-Prefetch", "X-Middleware-Invoke"],
  ...["X-Invoke-Path", "X-Invoke-Status", "X-Invoke-Query", "X-Invoke-Output", "X-Invoke-Error"],
  ...["X-Matched-Path"],
];

/** That choose a representation, a language, a currency, an experiment or a device. */
export const SELECTING = [
  ...["X-Country", "X-Country-Code", "X-Geo-Country", "X-Currency", "X-Locale", "X-Language", "X-Theme"],
  ...["X-Device", "X-Device-Type", "X-UA-Device", "X-Mobile", "X-AB-Test", "X-Experiment", "X-Variant"],
  ...["X-Tenant", "X-Tenant-ID", "X-Site", "X-Channel", "X-Store", "X-Magento-Vary", "X-Version", "Api-Version"],
  ...["X-Api-Version", "X-Preview", "X-Debug", "X-Debug-Token", "X-Draft", "X-Purpose", "Save-Data", "X-Pjax"],
  ...["X-Turbo-Request-Id", "Turbo-Frame", "X-Up-Target", "X-Up-Version", "X-Livewire", "X-Fetch", "X-Ajax"],
  ...["X-Nextjs-Data", "X-Now-Route-Matches", "X-Prerender-Revalidate", "X-Forwarded", "X-Path-Info"],
];

/** That an origin may ignore, log, check or trust. */
export const OTHERS = [
  ...["Accept", "Accept-Charset", "Accept-Datetime", "Accept-Language", "Accept-CH", "Accept-Patch", "A-IM"],
  ...["Access-Control-Request-Headers", "Access-Control-Request-Method", "Alt-Used", "Cache-Control", "Pragma"],
  ...["CDN-Loop", "CF-Access-Client-Id", "CF-Access-Client-Secret", "CF-Connecting-IPv6", "CF-EW-Via", "CF-IPCity"],
  ...["CF-IPCountry", "CF-Pseudo-IPv4", "CF-Ray", "CF-Visitor", "CF-Worker", "Client-IP", "Content-Language"],
  ...["Content-MD5", "Device-Memory", "DNT", "Downlink", "DPR", "Early-Data", "ECT", "Fastly-Client-IP"],
  ...["Fastly-FF", "Fastly-SSL", "Fly-Client-IP", "From", "Host-Override", "If-Match", "If-Modified-Since"],
  ...["If-None-Match", "If-Range", "If-Unmodified-Since", "Incap-Client-IP", "Max-Forwards", "Mime-Version"],
  ...["Origin", "Origin-Isolation", "Ping-From", "Ping-To", "Prefer", "Priority", "Purpose", "Range", "Referer"],
  ...["Remote-Addr", "Remote-User", "RTT", "RSC", "Next-Action", "Next-Router-Prefetch", "Next-Router-State-Tree"],
  ...["Next-Url", "HX-Boosted", "HX-Current-URL", "HX-Request", "HX-Target", "HX-Trigger", "X-Inertia"],
  ...["X-Inertia-Partial-Data", "X-Inertia-Version", "X-Requested-With", "Sec-CH-Prefers-Color-Scheme", "Sec-CH-UA"],
  ...["Sec-CH-UA-Mobile", "Sec-CH-UA-Platform", "Sec-CH-Width", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site"],
  ...["Sec-Fetch-User", "Sec-GPC", "Sec-Purpose", "Service-Worker", "Service-Worker-Navigation-Preload", "SOAPAction"],
  ...["Surrogate-Capability", "Timing-Allow-Origin", "Translate", "UA-CPU", "Upgrade-Insecure-Requests", "User-Agent"],
  ...["Via", "Viewport-Width", "Want-Digest", "Warning", "Width", "X-Akamai-Edgescape", "X-Amz-Cf-Id", "X-Amzn-Trace-Id"],
  ...["X-Api-Key", "X-App-Version", "X-ATT-DeviceId", "X-Auth-Token", "X-Azure-ClientIP", "X-Backend", "X-Cache-Bypass"],
  ...["X-Client-IP", "X-Cluster-Client-IP", "X-Correlation-ID", "X-CSRF-Token", "X-CSRFToken", "X-Custom-IP-Authorization"],
  ...["X-Do-Not-Track", "X-Envoy-External-Address", "X-Forwarded-For", "X-From", "X-Geo", "X-Originating-IP"],
  ...["X-ProxyUser-IP", "X-Remote-Addr", "X-Remote-IP", "X-Remote-User", "X-Request-ID", "X-Session-ID", "X-SSL-Client-Cert"],
  ...["X-Trace-ID", "X-User", "X-User-ID", "X-WAP-Profile", "X-XSRF-TOKEN", "Traceparent", "Tracestate", "Baggage"],
];

export const KNOWN_FIELDS = [...new Set([...OVERRIDES, ...SELECTING, ...OTHERS])];
