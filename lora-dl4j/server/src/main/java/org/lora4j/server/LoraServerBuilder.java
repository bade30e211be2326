/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.http.BearerToken;
import org.lora4j.internal.http.HttpFront;
import org.lora4j.internal.http.HttpLimits;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.HttpSettings;
import org.lora4j.internal.http.Metrics;
import org.lora4j.internal.server.ArrayHost;
import org.lora4j.internal.server.LanguageHost;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.ModelHost;
import org.lora4j.internal.server.TextHost;
import org.lora4j.internal.server.admin.HealthEndpoints;
import org.lora4j.internal.server.admin.LoadFolders;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.text.TextLimits;
import org.lora4j.serve.text.TextServer;
import org.lora4j.text.TextEncoder;
import org.lora4j.trust.TrustPolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Describes a server: what it serves, where, and who may ask. <b>Threads.</b> For one.
 *
 * @apiNote Status: experimental
 */
public final class LoraServerBuilder {

    private static final Logger ACCESS = LoggerFactory.getLogger("org.lora4j.server.access");
    private static final int PORT = 8080;
    private static final int MOST_PORT = 65_535;
    private static final int HEADER_BYTES = 16 << 10;
    private static final int WAITING_BYTES = 4 << 20;
    private static final int SHORTEST_TOKEN = 8;

    /** Makes a host, when the server starts. */
    private interface HostMaker {
        ModelHost make() throws IOException;
    }

    /** An adapter to load at the start; the base is null where there is one that it can only be of. */
    private record Loaded(String base, String name, Path directory) {}

    private final Map<String, HostMaker> hosts = new LinkedHashMap<>();
    private final List<Loaded> adapters = new ArrayList<>();
    private final List<String> twice = new ArrayList<>();
    private final List<Path> folders = new ArrayList<>();
    private final Set<String> names = new LinkedHashSet<>();
    private String host = "127.0.0.1";
    private int port = PORT;
    private String token;
    private String adminToken;
    private boolean open;
    private SSLContext tls;
    private ServerLimits limits = ServerLimits.usual();
    private TextLimits textLimits = TextLimits.usual();
    private TrustPolicy trust = TrustPolicy.usual();
    private String usual;
    private Consumer<String> accessLog = ACCESS::info;
    private boolean logContents;
    private boolean vllmNames;

    LoraServerBuilder() {}

    private LoraServerBuilder host(String name, HostMaker maker) {
        Arguments.required(name, "LoraServer: name", "what clients call the model");
        if (hosts.put(name, maker) != null) {
            twice.add(name);
        }
        return this;
    }

    /**
     * Serves an encoder of texts, and tasks over it.
     *
     * @param name what clients call it
     * @param encoder the encoder; it stays the caller's, to be closed after the server
     * @return this
     */
    public LoraServerBuilder encoder(String name, TextEncoder encoder) {
        Arguments.required(encoder, "LoraServer.encoder: encoder", "an encoder, such as TextEncoder.load(directory)");
        return host(
                name,
                () -> new TextHost(
                        name,
                        TextServer.builder(encoder)
                                .limits(textLimits)
                                .trust(trust)
                                .build(),
                        true));
    }

    /**
     * Serves an encoder that a server of texts has already.
     *
     * @param name what clients call the encoder
     * @param server the server; it stays the caller's, to be closed after this one
     * @return this
     */
    public LoraServerBuilder encoder(String name, TextServer server) {
        Arguments.required(server, "LoraServer.encoder: server", "a TextServer");
        return host(name, () -> new TextHost(name, server, false));
    }

    /**
     * Serves a language model.
     *
     * @param name what clients call it
     * @param model the model; it stays the caller's, to be closed after the server
     * @return this
     */
    public LoraServerBuilder languageModel(String name, CausalLm model) {
        Arguments.required(model, "LoraServer.languageModel: model", "a model, such as CausalLm.load(directory)");
        return host(
                name,
                () -> new LanguageHost(
                        name, CausalLmServer.builder(model).trust(trust).build(), true));
    }

    /**
     * Serves a language model that a server has already.
     *
     * @param name what clients call the model
     * @param server the server; it stays the caller's, to be closed after this one
     * @return this
     */
    public LoraServerBuilder languageModel(String name, CausalLmServer server) {
        Arguments.required(server, "LoraServer.languageModel: server", "a CausalLmServer");
        return host(name, () -> new LanguageHost(name, server, false));
    }

    /**
     * Serves a SameDiff graph or a network of Deeplearning4j.
     *
     * @param name what clients call it
     * @param server what computes it; it stays the caller's, to be closed after this one
     * @return this
     */
    public LoraServerBuilder network(String name, AdapterServer server) {
        Arguments.required(server, "LoraServer.network: server", "an AdapterServer");
        return host(name, () -> new ArrayHost(name, server, Runtime.getRuntime().availableProcessors()));
    }

    /**
     * Loads an adapter at the start: a directory that {@code save} of a task wrote, or one of PEFT. There must be one base.
     *
     * @param name what clients call it
     * @param directory the directory
     * @return this
     */
    public LoraServerBuilder adapter(String name, Path directory) {
        Arguments.required(name, "LoraServer.adapter: name", "what clients call the adapter");
        Arguments.required(directory, "LoraServer.adapter: directory", "a directory of an adapter");
        adapters.add(new Loaded(null, name, directory));
        return this;
    }

    /**
     * Loads an adapter at the start, over one of several bases.
     *
     * @param base the name of the base
     * @param name what clients call the adapter
     * @param directory the directory
     * @return this
     */
    public LoraServerBuilder adapter(String base, String name, Path directory) {
        Arguments.required(base, "LoraServer.adapter: base", "the name of a base");
        Arguments.required(name, "LoraServer.adapter: name", "what clients call the adapter");
        Arguments.required(directory, "LoraServer.adapter: directory", "a directory of an adapter");
        adapters.add(new Loaded(base, name, directory));
        return this;
    }

    /**
     * Says who is meant where a request names nobody. By default that is the encoder, if there is one alone; where one adapter alone is
     * loaded at the start, it is that.
     *
     * @param name a base or an adapter that is there at the start
     * @return this
     */
    public LoraServerBuilder usually(String name) {
        usual = Arguments.required(name, "LoraServer.usually: name", "the name of a base or an adapter");
        return this;
    }

    /**
     * Chooses the port, {@value #PORT} by default.
     *
     * @param number 1 to 65,535, or 0 for any that is free
     * @return this
     */
    public LoraServerBuilder port(int number) {
        port = number;
        return this;
    }

    /**
     * Chooses the address, {@code 127.0.0.1} by default, which only programs on this machine reach. Another one needs {@link #token}
     * or {@link #open}.
     *
     * @param address an address or a name of this machine
     * @return this
     */
    public LoraServerBuilder host(String address) {
        host = Arguments.required(address, "LoraServer.host: address", "an address, such as 0.0.0.0");
        return this;
    }

    /**
     * Names by which clients call the server, such as that of a proxy. What calls it otherwise than so, by {@code localhost}, or by the
     * address that it reached, is refused.
     *
     * @param known host names without ports
     * @return this
     */
    public LoraServerBuilder knownAs(String... known) {
        Arguments.required(known, "LoraServer.knownAs: known", "names of hosts");
        for (String name : known) {
            names.add(Arguments.required(name, "LoraServer.knownAs: known", "the name of a host")
                    .toLowerCase(Locale.ROOT));
        }
        return this;
    }

    /**
     * Sets the token that requests have to bring.
     *
     * @param secret {@value #SHORTEST_TOKEN} characters or more
     * @return this
     */
    public LoraServerBuilder token(String secret) {
        token = Arguments.required(secret, "LoraServer.token: secret", "a token that cannot be guessed");
        return this;
    }

    /**
     * Sets the token that changes have to bring: of adapters, aliases, shadow, canary, promotion. Without one nothing can be changed.
     *
     * @param secret another one than that of callers, {@value #SHORTEST_TOKEN} characters or more
     * @return this
     */
    public LoraServerBuilder adminToken(String secret) {
        adminToken = Arguments.required(secret, "LoraServer.adminToken: secret", "a token that cannot be guessed");
        return this;
    }

    /**
     * Lets everybody ask who reaches the address, without a token.
     *
     * @return this
     */
    public LoraServerBuilder open() {
        open = true;
        return this;
    }

    /**
     * Encrypts.
     *
     * @param context with the server's key and certificate
     * @return this
     */
    public LoraServerBuilder tls(SSLContext context) {
        tls = Arguments.required(context, "LoraServer.tls: context", "an SSLContext with a key");
        return this;
    }

    /**
     * Allows to load adapters while it runs, from directories below some folders. None by default.
     *
     * @param allowed existing folders
     * @return this
     */
    public LoraServerBuilder loadFrom(Path... allowed) {
        Arguments.required(allowed, "LoraServer.loadFrom: allowed", "folders");
        for (Path folder : allowed) {
            folders.add(Arguments.required(folder, "LoraServer.loadFrom: allowed", "a folder"));
        }
        return this;
    }

    /**
     * Limits what clients may take.
     *
     * @param values the limits; {@link ServerLimits#usual} by default
     * @return this
     */
    public LoraServerBuilder limits(ServerLimits values) {
        limits = Arguments.required(values, "LoraServer.limits: values", "limits, such as ServerLimits.usual()");
        return this;
    }

    /**
     * Limits the texts of requests, of encoders that are given as such.
     *
     * @param values the limits; {@link TextLimits#usual} by default
     * @return this
     */
    public LoraServerBuilder textLimits(TextLimits values) {
        textLimits = Arguments.required(values, "LoraServer.textLimits: values", "limits, such as TextLimits.usual()");
        return this;
    }

    /**
     * Sets what is asked of directories of adapters, over encoders and language models that are given as such.
     *
     * @param policy the policy; {@link TrustPolicy#usual} by default
     * @return this
     */
    public LoraServerBuilder trust(TrustPolicy policy) {
        trust = Arguments.required(
                policy, "LoraServer.trust: policy", "a policy, such as TrustPolicy.usual().strict()");
        return this;
    }

    /**
     * Takes a line for each request: an object of JSON, without what was asked or answered. By default the log has them, as {@code
     * org.lora4j.server.access}.
     *
     * @param lines what takes a line, from any thread
     * @return this
     */
    public LoraServerBuilder accessLog(Consumer<String> lines) {
        accessLog = Arguments.required(lines, "LoraServer.accessLog: lines", "what takes a line");
        return this;
    }

    /**
     * Also logs what was asked, the first 4,000 bytes of it.
     *
     * @return this
     */
    public LoraServerBuilder logContents() {
        logContents = true;
        return this;
    }

    /**
     * Calls metrics of language models as vLLM calls them, {@code vllm:num_requests_running} and so on, for dashboards and gateways
     * that are made for it.
     *
     * @return this
     */
    public LoraServerBuilder vllmMetricNames() {
        vllmNames = true;
        return this;
    }

    /**
     * Begins to listen, loads the adapters, and begins to answer. What asks meanwhile gets 503.
     *
     * @return the server, which runs
     * @throws IllegalArgumentException if a setting is missing or out of range, or an adapter does not fit; the message lists what is
     *     wrong with settings
     * @throws IOException if the address cannot be listened on, or a directory cannot be read
     */
    public LoraServer start() throws IOException {
        check();
        InetSocketAddress address = LoraServer.address(host, port);
        if (!address.getAddress().isLoopbackAddress() && token == null && !open) {
            throw new IllegalArgumentException("LoraServer: host = \"" + host
                    + "\" is reached from other machines, and there is no token; expected token(...). If everybody"
                    + " may ask who reaches it, say open().");
        }
        LoadFolders allowed = new LoadFolders(folders);
        Metrics metrics = new Metrics("lora4j_");
        HttpSettings settings = settings(address, metrics);
        ServerState state = new ServerState();
        List<HttpRoute> health = new HealthEndpoints(state, metrics).routes();
        HttpFront front = HttpFront.listen(settings, health);
        state.of(front);
        List<ModelHost> made = new ArrayList<>();
        try {
            for (HostMaker maker : hosts.values()) {
                made.add(maker.make());
            }
            for (Loaded adapter : adapters) {
                base(made, adapter).load(adapter.name(), adapter.directory());
            }
            ModelCatalog catalog = catalog(made);
            List<HttpRoute> routes = new ArrayList<>(health);
            ServerRoutes.of(catalog, allowed, limits, metrics, vllmNames)
                    .forEach(endpoints -> routes.addAll(endpoints.routes()));
            front.serve(routes);
            return new LoraServer(front, catalog, tls != null);
        } catch (IOException | RuntimeException | Error e) {
            LoraServer.abandon(front, made);
            throw e;
        }
    }

    private void check() {
        Problems problems = new Problems();
        problems.check(!hosts.isEmpty(), "no model; give one with encoder(...), languageModel(...) or network(...)");
        twice.forEach(name -> problems.add("two models are called " + MessageText.name(name)));
        problems.check(port >= 0 && port <= MOST_PORT, "port = " + port + ", expected 0, for any, to " + MOST_PORT);
        token(problems, "token", token);
        token(problems, "adminToken", adminToken);
        problems.check(
                token == null || !token.equals(adminToken),
                "token and adminToken are the same; expected two, as callers may not change anything");
        Set<String> known = new LinkedHashSet<>(hosts.keySet());
        for (Loaded adapter : adapters) {
            problems.check(
                    known.add(adapter.name()), "two models or adapters are called " + MessageText.name(adapter.name()));
            if (adapter.base() != null) {
                problems.check(
                        hosts.containsKey(adapter.base()),
                        "adapter " + MessageText.name(adapter.name()) + ": there is no base "
                                + MessageText.name(adapter.base())
                                + ClosestNames.hint(adapter.base(), hosts.keySet()));
            } else {
                problems.check(
                        hosts.size() < 2,
                        "adapter " + MessageText.name(adapter.name()) + ": there are " + hosts.size()
                                + " bases; name one of them, adapter(base, name, directory)");
            }
        }
        problems.check(
                usual == null || known.contains(usual),
                "usually = " + MessageText.name(usual) + " is neither a base nor an adapter"
                        + (usual == null ? "" : ClosestNames.hint(usual, known)));
        problems.throwIfAny("LoraServer");
    }

    private static void token(Problems problems, String name, String secret) {
        problems.check(
                secret == null
                        || secret.length() >= SHORTEST_TOKEN && secret.chars().allMatch(c -> c > ' ' && c < 0x7f),
                name + " is short, or has characters that a header cannot have; expected " + SHORTEST_TOKEN
                        + " or more visible ones of ASCII");
    }

    private HttpSettings settings(InetSocketAddress address, Metrics metrics) {
        HttpLimits usualLimits = HttpLimits.usual();
        return new HttpSettings(
                address,
                new HttpLimits(
                        limits.bodyBytes(),
                        HEADER_BYTES,
                        limits.connections(),
                        limits.requests(),
                        usualLimits.idle(),
                        limits.arrival(),
                        limits.answer(),
                        limits.stalled(),
                        WAITING_BYTES),
                Set.copyOf(names),
                Optional.ofNullable(token).map(BearerToken::new),
                Optional.ofNullable(adminToken).map(BearerToken::new),
                Optional.ofNullable(tls),
                accessLog,
                logContents,
                ServerFailures.all(),
                metrics);
    }

    private static ModelHost base(List<ModelHost> made, Loaded adapter) {
        return made.stream()
                .filter(one -> adapter.base() == null || one.name().equals(adapter.base()))
                .findFirst()
                .orElseThrow();
    }

    private ModelCatalog catalog(List<ModelHost> made) {
        String only = adapters.size() == 1 ? adapters.get(0).name() : null;
        return new ModelCatalog(made, Optional.ofNullable(usual == null ? only : usual));
    }
}
