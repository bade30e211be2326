/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;

/**
 * Where a command speaks: results on standard output, all else on standard error, and there, if a person looks on, one line that changes.
 * <b>Threads.</b> Safe: the log speaks from threads of the library.
 */
final class Terminal {

    private static final int JDK_THAT_TELLS = 22;
    private static final int WIDTH = 80;
    private static final int NARROWEST = 40;
    private static final String UP_TO_END = "\u001b[K";

    private final PrintStream out;
    private final PrintStream err;
    private final Optional<WatchedOutput> watched;
    private final boolean outIsTerminal;
    private final boolean errIsTerminal;
    private final boolean colors;
    private final int width;
    private boolean quiet;
    private boolean json;
    private String status = "";

    private Terminal(
            PrintStream out,
            PrintStream err,
            Optional<WatchedOutput> watched,
            boolean outIsTerminal,
            boolean errIsTerminal,
            boolean colors,
            int width) {
        this.out = out;
        this.err = err;
        this.watched = watched;
        this.outIsTerminal = outIsTerminal;
        this.errIsTerminal = errIsTerminal;
        this.colors = colors;
        this.width = width;
    }

    /** That of the process. */
    static Terminal ofProcess(Map<String, String> environment) {
        boolean console = isConsole();
        boolean dumb = "dumb".equals(environment.get("TERM"));
        boolean outIsTerminal = console && leadsToTerminal(1);
        boolean errIsTerminal = console && leadsToTerminal(2) && !dumb;
        String noColor = environment.getOrDefault("NO_COLOR", "");
        WatchedOutput out = new WatchedOutput(new FileOutputStream(FileDescriptor.out));
        return new Terminal(
                stream(out, outIsTerminal),
                stream(new FileOutputStream(FileDescriptor.err), errIsTerminal),
                Optional.of(out),
                outIsTerminal,
                errIsTerminal,
                outIsTerminal && !dumb && noColor.isEmpty(),
                width(environment.get("COLUMNS")));
    }

    /** For what is no terminal. */
    static Terminal of(PrintStream out, PrintStream err) {
        return new Terminal(out, err, Optional.empty(), false, false, false, WIDTH);
    }

    private static PrintStream stream(OutputStream to, boolean isTerminal) {
        boolean windows =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
        Charset charset = windows && isTerminal && System.getProperty("stdout.encoding") != null
                ? Charset.forName(System.getProperty("stdout.encoding"))
                : StandardCharsets.UTF_8;
        return new PrintStream(to, true, charset);
    }

    /** Newer JDKs have a console for pipes, too, and say of it whether it is a terminal. */
    private static boolean isConsole() {
        Console console = System.console();
        if (console == null || Runtime.version().feature() < JDK_THAT_TELLS) {
            return console != null;
        }
        try {
            return (boolean) MethodHandles.publicLookup()
                    .findVirtual(Console.class, "isTerminal", MethodType.methodType(boolean.class))
                    .invokeExact(console);
        } catch (Throwable e) {
            return false;
        }
    }

    /** A console speaks of input and output; where errors go only the system knows. */
    private static boolean leadsToTerminal(int descriptor) {
        try {
            String to = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return to.startsWith("/dev/pts/") || to.startsWith("/dev/tty") || to.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException | SecurityException e) {
            return true;
        }
    }

    private static int width(String columns) {
        try {
            return Math.max(
                    NARROWEST, Integer.parseInt(Optional.ofNullable(columns).orElse("")));
        } catch (NumberFormatException e) {
            return WIDTH;
        }
    }

    void beQuiet() {
        quiet = true;
    }

    void speakJson() {
        json = true;
    }

    /** Whether standard output is for programs. */
    boolean isJson() {
        return json;
    }

    boolean hasColors() {
        return colors;
    }

    int width() {
        return width;
    }

    PrintStream out() {
        return out;
    }

    /** Whether somebody may answer. */
    boolean isInteractive() {
        return outIsTerminal;
    }

    /** Text of strangers as this output may have it. */
    String shown(String text) {
        return outIsTerminal ? TerminalText.of(text) : text;
    }

    /** A line of a result. */
    synchronized void print(String line) {
        hideStatus();
        out.println(outIsTerminal ? TerminalText.of(line) : line);
        showStatus();
    }

    /** A sentence of a result: on a terminal in lines that end between words. */
    synchronized void sentence(String words) {
        print(outIsTerminal ? Columns.line("", 0, words, width).stripTrailing() : words);
    }

    /** A line of a result that has colors of its own, and text of nobody else. */
    synchronized void printStyled(String text) {
        hideStatus();
        out.print(text);
        out.flush();
    }

    /** A piece of a line of a result, at once. */
    synchronized void printPiece(String piece) {
        out.print(piece);
        out.flush();
    }

    /** A line for a person beside the result: never on standard output if that is for programs. */
    synchronized void say(String line) {
        if (json) {
            note(line);
        } else {
            print(line);
        }
    }

    /** A line that matters beside the result. */
    synchronized void note(String line) {
        hideStatus();
        err.println(errIsTerminal ? TerminalText.of(line) : line);
        showStatus();
    }

    /** How far work is: in place on a terminal, a line where it is written down. */
    synchronized void progress(String line) {
        if (quiet) {
            return;
        }
        if (errIsTerminal) {
            status(line);
        } else {
            err.println(line);
        }
    }

    /** How far work is, in a line that stays. */
    synchronized void lasting(String line) {
        if (!quiet) {
            note(line);
        }
    }

    /** How far work is, if somebody looks on. */
    synchronized void status(String line) {
        if (quiet || !errIsTerminal) {
            return;
        }
        String plain = TerminalText.line(line);
        status = plain.length() < width ? plain : plain.substring(0, width - 1);
        showStatus();
    }

    boolean showsStatus() {
        return errIsTerminal && !quiet;
    }

    /** The code to end with: a result that could not be written is none. */
    ExitCode ended(ExitCode code) {
        endStatus();
        out.flush();
        Optional<IOException> lost = watched.flatMap(WatchedOutput::failure);
        if (code != ExitCode.OK || lost.isEmpty()) {
            return code;
        }
        note("lora4j: standard output cannot be written: "
                + MessageText.value(String.valueOf(lost.get().getMessage())) + ". The result is not complete.");
        return ExitCode.INPUT;
    }

    synchronized void endStatus() {
        hideStatus();
        status = "";
    }

    private void hideStatus() {
        if (!status.isEmpty()) {
            err.print("\r" + UP_TO_END);
            err.flush();
        }
    }

    private void showStatus() {
        if (!status.isEmpty()) {
            err.print("\r" + status + UP_TO_END);
            err.flush();
        }
    }
}
