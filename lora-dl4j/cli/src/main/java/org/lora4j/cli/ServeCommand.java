/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.server.LoraServer;
import org.lora4j.server.LoraServerBuilder;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j serve}. */
final class ServeCommand extends SimpleCommand {

    private static final int PORT = 8080;
    private static final int DRAIN = 30;
    private static final int MOST_BYTES = 1 << 20;

    ServeCommand() {
        super(
                "serve",
                "lora4j serve tickets/",
                "lora4j serve models/smollm shakespeare=writer/ --port 8000",
                "lora4j serve --config serve.yaml");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.rest(
                0,
                "DIR",
                "models: what lora4j train wrote, bases, adapters with --base; NAME=DIR gives a name",
                false));
        ServeSettings.describe(spec);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        ServeSettings settings = ServeSettings.of(call);
        LoraServerBuilder builder = LoraServer.builder();
        configure(call, settings, builder);
        try (ServedModels models = new ServedModels(call, settings, builder)) {
            models.trust().ifPresent(builder::trust);
            models.add();
            try (LoraServer server = builder.start()) {
                Stop stop = Stop.of(
                        Thread.currentThread(), call.terminal(), "answering what was asked; once more ends at once");
                told(call, server);
                return untilStopped(server, settings, stop, call.terminal());
            }
        }
    }

    private static void configure(Call call, ServeSettings settings, LoraServerBuilder builder) throws IOException {
        builder.port(settings.integer(ServeSettings.Option.PORT, PORT));
        settings.text(ServeSettings.Option.HOST).ifPresent(builder::host);
        builder.knownAs(settings.texts(ServeSettings.Option.KNOWN_AS).toArray(String[]::new));
        if (settings.flag(ServeSettings.Option.OPEN)) {
            builder.open();
        }
        secret(call, settings, ServeSettings.Option.TOKEN_FILE, "LORA4J_TOKEN").ifPresent(builder::token);
        secret(call, settings, ServeSettings.Option.ADMIN_TOKEN_FILE, "LORA4J_ADMIN_TOKEN")
                .ifPresent(builder::adminToken);
        builder.loadFrom(settings.texts(ServeSettings.Option.LOAD_FROM).stream()
                .map(folder -> CliSettings.path(folder, ServeSettings.Option.LOAD_FROM.flag()))
                .toArray(Path[]::new));
        settings.text(ServeSettings.Option.USUALLY).ifPresent(builder::usually);
        Optional<Path> keys = settings.path(ServeSettings.Option.TLS);
        if (keys.isPresent()) {
            builder.tls(context(keys.get(), settings));
        }
        Terminal terminal = call.terminal();
        boolean log = settings.flag(ServeSettings.Option.ACCESS_LOG);
        builder.accessLog(log ? terminal::note : line -> {});
        if (settings.flag(ServeSettings.Option.LOG_CONTENTS)) {
            builder.logContents();
        }
        if (settings.flag(ServeSettings.Option.VLLM_METRICS)) {
            builder.vllmMetricNames();
        }
    }

    /** Of a file or a variable: what stands on a command line every user of the machine can read. */
    private static Optional<String> secret(
            Call call, ServeSettings settings, ServeSettings.Option option, String variable) throws IOException {
        Optional<Path> file = settings.path(option);
        if (file.isEmpty()) {
            return Optional.ofNullable(call.environment().get(variable));
        }
        return Optional.of(new String(bytes(file.get(), "a token"), StandardCharsets.UTF_8).strip());
    }

    private static byte[] bytes(Path file, String what) throws IOException {
        return RegularFile.bytes(file, what, MOST_BYTES, IOException::new);
    }

    private static SSLContext context(Path keys, ServeSettings settings) throws IOException {
        char[] password = {};
        Optional<Path> file = settings.path(ServeSettings.Option.TLS_PASSWORD_FILE);
        if (file.isPresent()) {
            password = new String(bytes(file.get(), "a password"), StandardCharsets.UTF_8)
                    .strip()
                    .toCharArray();
        }
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(bytes(keys, "a key in PKCS#12")), password);
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, password);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(factory.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new CliException(
                    ExitCode.INPUT,
                    MessageText.path(keys) + " has no key that can be used: " + e.getMessage()
                            + ". Make one: openssl pkcs12 -export -inkey key.pem -in certificate.pem -out server.p12",
                    e);
        } finally {
            Arrays.fill(password, ' ');
        }
    }

    private static void told(Call call, LoraServer server) {
        Terminal terminal = call.terminal();
        if (terminal.isJson()) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("url", server.uri().toString());
            told.put("models", server.models());
            call.printJson(told);
        } else {
            terminal.print("serving at " + server.uri() + ": " + terminal.shown(String.join(", ", server.models())));
            terminal.out().flush();
        }
    }

    private static ExitCode untilStopped(LoraServer server, ServeSettings settings, Stop stop, Terminal terminal)
            throws InterruptedException {
        try {
            new CountDownLatch(1).await();
            throw new IllegalStateException("nobody counts down");
        } catch (InterruptedException e) {
            Duration atMost = Duration.ofSeconds(settings.integer(ServeSettings.Option.DRAIN, DRAIN));
            if (server.stop(atMost)) {
                return ExitCode.OK;
            }
            terminal.note("requests were given up, as they were not answered within " + atMost.toSeconds() + " s");
            return stop.requested().orElse(ExitCode.INTERRUPTED);
        }
    }
}
