/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem.Kind;

/**
 * Who may ask, judged by the head of a request alone. A page of any web site can make a browser ask a server on this machine; so a
 * name that is not ours, a page that is not ours and what a form can send are refused wherever it listens.
 */
final class Gatekeeper {

    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    private static final Pattern FOUR_NUMBERS = Pattern.compile("[0-9]{1,3}([.][0-9]{1,3}){3}");

    private static final Pattern NUMBERS = Pattern.compile("[0-9a-f:.]{2,45}");

    private final HttpSettings settings;

    Gatekeeper(HttpSettings settings) {
        this.settings = settings;
    }

    /**
     * Whose pages may ask.
     *
     * @param local the address that the client connected to
     * @throws HttpProblem if the host or the origin is not known
     */
    void checkHost(HttpRequest request, SocketAddress local) {
        HttpHeaders headers = request.headers();
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1 || hosts.isEmpty() && request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            throw new HttpProblem(Kind.BAD_REQUEST, hosts.size() + " headers Host; expected one.");
        }
        String host = hosts.isEmpty() ? null : hosts.get(0).toLowerCase(Locale.ROOT);
        if (host != null && !isKnown(nameOf(host), local)) {
            throw new HttpProblem(
                    Kind.FORBIDDEN,
                    "the header Host is " + MessageText.name(host)
                            + ", which is no name of this server; expected localhost, the address that it listens on,"
                            + " or a name that it was given with hosts.");
        }
        List<String> origins = headers.getAll(HttpHeaderNames.ORIGIN);
        String own = (settings.tls().isPresent() ? "https://" : "http://") + host;
        // Before a server without TLS may be a proxy with it, under a name that the server was given.
        boolean proxied = host != null && settings.hosts().contains(nameOf(host));
        for (String origin : origins) {
            String asked = origin.toLowerCase(Locale.ROOT);
            if (!asked.equals(own) && !(proxied && asked.equals("https://" + host))) {
                throw new HttpProblem(
                        Kind.FORBIDDEN,
                        "the header Origin is " + MessageText.name(origin)
                                + "; pages of other sites may not ask this server.");
            }
        }
    }

    private boolean isKnown(String name, SocketAddress local) {
        return THIS_MACHINE.contains(name) || settings.hosts().contains(name) || isAddress(name, local);
    }

    private static boolean isAddress(String name, SocketAddress local) {
        boolean literal = name.startsWith("[") && name.endsWith("]")
                || FOUR_NUMBERS.matcher(name).matches();
        if (!literal || !(local instanceof InetSocketAddress address)) {
            return false;
        }
        String number = name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
        return NUMBERS.matcher(number).matches() && isSame(number, address.getAddress());
    }

    private static boolean isSame(String number, InetAddress address) {
        try {
            // Numbers alone: nothing is looked up.
            return InetAddress.getByName(number).equals(address);
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Without the port. */
    private static String nameOf(String host) {
        int colon = host.lastIndexOf(':');
        boolean port = colon >= 0 && host.indexOf(']', colon) < 0;
        return port ? host.substring(0, colon) : host;
    }

    /** @throws HttpProblem if the request does not bring the token that the route asks for */
    void checkToken(HttpRequest request, HttpRoute route) {
        if (route.access() == Access.OPEN
                || route.access() == Access.CALLER && settings.token().isEmpty()) {
            return;
        }
        List<String> given = request.headers().getAll(HttpHeaderNames.AUTHORIZATION);
        String authorization = given.size() == 1 ? given.get(0) : null;
        boolean admin =
                settings.adminToken().map(token -> token.isIn(authorization)).orElse(false);
        boolean caller =
                settings.token().map(token -> token.isIn(authorization)).orElse(false);
        if (route.access() == Access.CALLER ? caller || admin : admin) {
            return;
        }
        if (route.access() == Access.ADMIN && settings.adminToken().isEmpty()) {
            throw new HttpProblem(
                    Kind.FORBIDDEN, "this server has no token of administrators, without which nothing is changed.");
        }
        if (route.access() == Access.ADMIN && caller) {
            throw new HttpProblem(
                    Kind.FORBIDDEN, "this needs the token of administrators; the one of callers was given.");
        }
        throw new HttpProblem(
                Kind.UNAUTHORIZED,
                given.isEmpty()
                        ? "no token; expected the header Authorization: Bearer TOKEN."
                        : "another token than this server's in the header Authorization; expected Bearer TOKEN.");
    }

    /** @throws HttpProblem if the body is not said to be JSON, is encoded, or is known to be too long */
    void checkBody(HttpRequest request, HttpRoute route) {
        HttpHeaders headers = request.headers();
        long length = length(request);
        if (length > settings.limits().bodyBytes()) {
            throw tooLong();
        }
        if (!route.takesBody()) {
            return;
        }
        String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        if (type == null || !isJson(type)) {
            throw new HttpProblem(
                    Kind.MEDIA_TYPE,
                    "the header Content-Type is " + MessageText.name(type) + "; expected application/json.");
        }
        String encoding = headers.get(HttpHeaderNames.CONTENT_ENCODING, "identity");
        if (!encoding.equalsIgnoreCase("identity")) {
            throw new HttpProblem(
                    Kind.MEDIA_TYPE,
                    "the header Content-Encoding is " + MessageText.name(encoding) + "; expected a body as it is.");
        }
    }

    private static long length(HttpRequest request) {
        try {
            return HttpUtil.getContentLength(request, 0L);
        } catch (NumberFormatException e) {
            throw new HttpProblem(Kind.BAD_REQUEST, "the header Content-Length is no number.");
        }
    }

    HttpProblem tooLong() {
        return new HttpProblem(
                Kind.TOO_LARGE,
                "the body has more than " + settings.limits().bodyBytes()
                        + " bytes, what this server takes; send fewer texts at once.");
    }

    private static boolean isJson(String contentType) {
        String[] parts = contentType.toLowerCase(Locale.ROOT).split(";", 2);
        String type = parts[0].strip();
        boolean json = type.equals("application/json") || type.startsWith("application/") && type.endsWith("+json");
        String parameters = parts.length > 1 ? parts[1].replace("\"", "").replace(" ", "") : "";
        return json && (!parameters.contains("charset=") || parameters.contains("charset=utf-8"));
    }
}
