/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem.Kind;

/** Which route a path is of. Immutable. */
final class RouteTable {

    private final Map<String, Map<String, HttpRoute>> exact = new HashMap<>();
    private final List<Template> templates = new ArrayList<>();
    private final TreeSet<String> paths = new TreeSet<>();

    /** A route with what its braces stand for. */
    record Match(HttpRoute route, Map<String, String> values) {}

    /** Routes of one path with braces. */
    private record Template(List<String> parts, Map<String, HttpRoute> methods) {

        Optional<Map<String, String>> values(List<String> path) {
            if (path.size() != parts.size()) {
                return Optional.empty();
            }
            Map<String, String> values = new LinkedHashMap<>();
            for (int i = 0; i < parts.size(); i++) {
                String part = parts.get(i);
                if (part.startsWith("{")) {
                    values.put(part.substring(1, part.length() - 1), decoded(path.get(i)));
                } else if (!part.equals(path.get(i))) {
                    return Optional.empty();
                }
            }
            return Optional.of(values);
        }
    }

    RouteTable(List<HttpRoute> routes) {
        Map<String, Map<String, HttpRoute>> byTemplate = new LinkedHashMap<>();
        for (HttpRoute route : routes) {
            Map<String, Map<String, HttpRoute>> where = route.path().contains("{") ? byTemplate : exact;
            HttpRoute before =
                    where.computeIfAbsent(route.path(), path -> new HashMap<>()).put(route.method(), route);
            if (before != null) {
                throw new IllegalArgumentException("two routes " + route.method() + " " + route.path());
            }
            paths.add(route.path());
        }
        byTemplate.forEach((path, methods) -> templates.add(new Template(parts(path), methods)));
    }

    private static List<String> parts(String path) {
        return List.of(path.split("/", -1));
    }

    /** Of a segment; a plus is a plus here, other than in a query. */
    private static String decoded(String segment) {
        return QueryStringDecoder.decodeComponent(segment.replace("+", "%2B"));
    }

    /**
     * The route of a request.
     *
     * @param path as it was sent, without the query
     * @throws HttpProblem if there is none: 404, or 405 if the path has other methods
     */
    Match find(String method, String path) {
        Map<String, HttpRoute> methods = exact.get(path);
        Map<String, String> values = Map.of();
        if (methods == null) {
            List<String> parts = parts(path);
            for (Template template : templates) {
                Optional<Map<String, String>> found = template.values(parts);
                if (found.isPresent()) {
                    methods = template.methods();
                    values = found.get();
                    break;
                }
            }
        }
        if (methods == null) {
            throw new HttpProblem(
                    Kind.NOT_FOUND,
                    "there is nothing at " + MessageText.name(path) + ClosestNames.hint(path, paths)
                            + ". docs/serving.md lists what there is.");
        }
        HttpRoute route = methods.get(method.equals("HEAD") ? "GET" : method);
        if (route == null) {
            throw new WrongMethod(method, path, new TreeSet<>(methods.keySet()));
        }
        return new Match(route, values);
    }

    /** The path has other methods; which ones, stands in the header {@code Allow}. */
    static final class WrongMethod extends RuntimeException {

        private static final long serialVersionUID = 1;

        private final String allowed;

        WrongMethod(String method, String path, TreeSet<String> allowed) {
            super(
                    MessageText.value(method) + " is not served at " + MessageText.name(path) + "; expected "
                            + String.join(" or ", allowed) + ".",
                    null,
                    false,
                    false);
            this.allowed = String.join(", ", allowed);
        }

        String allowed() {
            return allowed;
        }
    }
}
