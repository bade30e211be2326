/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** A server with a few routes of toys. */
final class Fronts {

    static final String TOKEN = "token-of-callers";
    static final String ADMIN = "token-of-admins";

    final List<String> log = new CopyOnWriteArrayList<>();
    final Metrics metrics = new Metrics("lora4j_");
    HttpLimits limits = new HttpLimits(
            1000,
            4096,
            50,
            20,
            Duration.ofSeconds(20),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            1 << 20);
    Optional<String> token = Optional.empty();

    static HttpRoute echo() {
        return HttpRoute.post("/echo", ErrorShape.TEI, exchange -> exchange.answer(exchange.json()));
    }

    static HttpRoute hello() {
        return HttpRoute.get(
                "/hello",
                ErrorShape.TEI,
                exchange ->
                        exchange.answer(JsonNodeFactory.instance.objectNode().put("hello", "world")));
    }

    HttpFront start(HttpRoute... more) throws IOException {
        HttpFront front = loading();
        List<HttpRoute> routes = new ArrayList<>(List.of(more));
        routes.add(echo());
        routes.add(hello());
        front.serve(routes);
        return front;
    }

    /** One that does not serve yet. */
    HttpFront loading(HttpRoute... first) throws IOException {
        return HttpFront.listen(
                new HttpSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        limits,
                        Set.of("api.example.com"),
                        token.map(BearerToken::new),
                        Optional.of(new BearerToken(ADMIN)),
                        Optional.empty(),
                        log::add,
                        false,
                        new FailureTable().andUsual(),
                        metrics),
                List.of(first));
    }
}
