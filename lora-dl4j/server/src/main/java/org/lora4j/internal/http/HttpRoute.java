/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

/**
 * An endpoint.
 *
 * @param method GET or POST, or another that is named here; HEAD is answered where GET is
 * @param path such as {@code /v2/models/{name}/infer}; a part in braces takes one segment
 * @param access who may ask
 * @param errors how a failure is told
 * @param handler what it does
 * @apiNote Status: internal
 */
public record HttpRoute(String method, String path, Access access, ErrorShape errors, Handler handler) {

    public static HttpRoute get(String path, ErrorShape errors, Handler handler) {
        return new HttpRoute("GET", path, Access.CALLER, errors, handler);
    }

    public static HttpRoute post(String path, ErrorShape errors, Handler handler) {
        return new HttpRoute("POST", path, Access.CALLER, errors, handler);
    }

    public static HttpRoute delete(String path, ErrorShape errors, Handler handler) {
        return new HttpRoute("DELETE", path, Access.CALLER, errors, handler);
    }

    /** The same with others who may ask. */
    public HttpRoute with(Access other) {
        return new HttpRoute(method, path, other, errors, handler);
    }

    /** Whether a request brings JSON. */
    boolean takesBody() {
        return method.equals("POST");
    }
}
