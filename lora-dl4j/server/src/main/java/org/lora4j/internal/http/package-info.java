/* SPDX-License-Identifier: Apache-2.0 */
/**
 * HTTP for endpoints: routes, requests with bounded bodies, answers, server-sent events, who may ask, limits, metrics and the
 * access log. Netty speaks the protocol; no other package sees its types. An endpoint is an {@link org.lora4j.internal.http.HttpRoute}
 * with a {@link org.lora4j.internal.http.Handler}; it knows nothing of connections.
 */
package org.lora4j.internal.http;
