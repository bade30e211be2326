/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Ctrl-C and SIGTERM while a run is written down: the first one lets the step in progress end, a second one ends the process at once. The
 * JDK has no way to hear of a signal and go on but {@code sun.misc.Signal}, and javac warns of each mention of it in a way that nothing
 * silences, so it is called by its name; a hook at shutdown could not tell a second signal.
 */
final class Stop {

    private final AtomicReference<ExitCode> requested = new AtomicReference<>();

    private Stop() {}

    /** Interrupts a thread at the first signal. */
    static Stop of(Thread worker, Terminal terminal) {
        return of(worker, terminal, "stopping after this step; once more ends at once");
    }

    /** The same with other words for what happens now. */
    static Stop of(Thread worker, Terminal terminal, String words) {
        Stop stop = new Stop();
        stop.hear("INT", ExitCode.INTERRUPTED, worker, terminal, words);
        stop.hear("TERM", ExitCode.TERMINATED, worker, terminal, words);
        return stop;
    }

    private void hear(String name, ExitCode code, Thread worker, Terminal terminal, String words) {
        try {
            handle(name, () -> {
                if (!requested.compareAndSet(null, code)) {
                    Runtime.getRuntime().halt(code.number());
                }
                worker.interrupt();
                terminal.note(words);
            });
        } catch (ReflectiveOperationException e) {
            // A JVM that was told to leave signals alone (-Xrs) ends as the system does it; what was written down
            // stays.
            Throwable cause = e instanceof InvocationTargetException ? e.getCause() : e;
            terminal.note(
                    "note: the signal " + name + " cannot be heard and ends the run at once: " + cause.getMessage());
        }
    }

    private static void handle(String name, Runnable heard) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        Object listener = Proxy.newProxyInstance(
                Stop.class.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                    if (method.getName().equals("handle")) {
                        heard.run();
                    }
                    return null;
                });
        signal.getMethod("handle", signal, handler)
                .invoke(null, signal.getConstructor(String.class).newInstance(name), listener);
    }

    /** The code to end with, if somebody asked for it. */
    Optional<ExitCode> requested() {
        return Optional.ofNullable(requested.get());
    }
}
