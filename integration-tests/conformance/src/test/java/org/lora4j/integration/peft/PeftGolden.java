/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lora4j.integration.peft.cases.CaseFolders;

/**
 * Checks golden cases in all hosts: prints a line for each, a table, and {@code N passed, N failed, N unsupported} at the
 * end, and writes the same as JSON. {@code docs/peft-golden.md} says what is checked.
 */
public final class PeftGolden {

    private PeftGolden() {}

    /**
     * Runs all cases. Ends with status 1 if one fails or there are none.
     *
     * @param args folders of cases, separated as paths are; the folder that relative ones start from; the JSON file
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            GoldenTable table = run(CaseFolders.find(args[0], Path.of(args[1])), System.out);
            table.write(Path.of(args[2]));
            System.out.println(table.text());
            System.out.println(table.summary());
            System.exit(table.count(Status.FAILED) == 0 ? 0 : 1);
        } catch (IOException e) {
            System.err.println("peft-golden: " + e.getMessage());
            System.exit(1);
        }
    }

    private static GoldenTable run(List<Path> folders, PrintStream out) {
        List<GoldenTable.Column> columns = new ArrayList<>();
        for (CaseRunner runner : CaseRunner.ofAllHosts()) {
            out.println(runner.host().name());
            List<CaseResult> results = new ArrayList<>();
            for (Path folder : folders) {
                CaseResult result = runner.run(folder);
                out.println(result.line());
                results.add(result);
            }
            columns.add(new GoldenTable.Column(runner.host().name(), new GoldenReport(results)));
        }
        return new GoldenTable(columns);
    }
}
