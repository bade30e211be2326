/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import org.lora4j.internal.http.Access;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpRoute;

/**
 * The page at {@code /}. It is the same for everybody, and has nothing of this server in it: its script asks for that, with the token
 * that its reader types. It may run its own script alone and ask this server alone.
 *
 * @apiNote Status: internal
 */
public final class PageEndpoints implements Endpoints {

    private final byte[] page;
    private final String policy;

    public PageEndpoints() {
        String text = read();
        this.page = text.getBytes(StandardCharsets.UTF_8);
        this.policy = "default-src 'none'; script-src " + hash(text, "script") + "; style-src " + hash(text, "style")
                + "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    private static String read() {
        try (InputStream in = PageEndpoints.class.getResourceAsStream("page.html")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("page.html of this library cannot be read", e);
        }
    }

    /** What stands between the tags of an element, as a policy names it. */
    private static String hash(String page, String element) {
        int from = page.indexOf("<" + element + ">") + element.length() + 2;
        String content = page.substring(from, page.indexOf("</" + element + ">"));
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(hash) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }

    @Override
    public List<HttpRoute> routes() {
        return List.of(HttpRoute.get("/", ErrorShape.TEI, this::page).with(Access.OPEN));
    }

    private void page(Exchange exchange) {
        exchange.header("Content-Security-Policy", policy);
        exchange.header("Referrer-Policy", "no-referrer");
        exchange.header("Cross-Origin-Opener-Policy", "same-origin");
        exchange.answer(200, "text/html; charset=utf-8", page);
    }
}
