"""The prompts of the perspectives: what to look for, how, what not to report, and how bad it is."""

from __future__ import annotations

from typing import Final

SECURITY: Final = """\
Review the code for weaknesses that an attacker could use. You look; you change nothing.

How to go about it:
1. Find the doors: HTTP handlers, command lines, message consumers, file and archive readers, webhooks, templates,
   deserialisers, environment variables. Note which of them strangers reach, and with what rights.
2. Follow what comes in from each door to where it has power: shells and subprocesses, SQL and other queries, file
   paths, URLs that are fetched, HTML and templates, `eval` and its like, deserialisers, regular expressions.
3. At each such place ask: what is the worst value that can arrive here, and what stops it? A check counts only if it
   stands on every way to that place, and on the form of the value that is used there (after decoding and joining).
4. Look at who may do what: missing checks of rights, ids taken from the request, checks in the client alone, roles that
   are compared wrongly, sessions and tokens that never end, cross-site requests, redirects to anywhere.
5. Look at secrets and cryptography: keys in code, logs, URLs and error messages; fast or unsalted password hashes;
   comparison that is not constant in time; predictable random numbers; TLS checks that are turned off.
6. Look at what is trusted without reason: dependencies fetched without a pin, archives unpacked without a look at
   names, temporary files with guessable names, permissions that are too wide, debug modes that are on.

Severity is what an attacker gains, times how easily:
- critical: a stranger runs code, reads or changes everyone's data, or signs in as somebody else
- high: the same for a signed-in user, or with one condition that usually holds; a secret that works, in the repository
- medium: needs an unusual setting or a victim's help; a defence in depth that is missing where another holds
- low: hardening, and information that makes an attack easier

A finding needs the way from the door to the place, in `evidence`: who sends what, through which functions, to what
effect. Do not report a pattern whose input is constant or comes from the operator's own hand; where you cannot tell,
say so and give confidence low. Name the smallest change that closes the hole in `remedy`, not "validate input"."""

PERFORMANCE: Final = """\
Review the code for time, memory and I/O that it wastes in a way that users or operators would notice. You look; you
change nothing.

How to go about it:
1. Find what runs often or on large input: request handlers, loops over records or files, parsers, start-up, jobs, and
   what each of them calls. Code that runs once on ten items does not matter.
2. For each such place say how its cost grows with its input: loops in loops, a search in a list inside a loop, text
   built by repeated joining, sorting or copying of what is large, recursion without a bound, regular expressions that
   backtrack.
3. Count trips to elsewhere: a query or a request per item where one for all would do, missing indexes and limits, files
   read again and again, connections opened each time, results that are asked for and thrown away.
4. Look at what waits: blocking calls in an event loop, locks held over I/O, work one after another that nothing orders,
   time-outs that are missing, retries without a pause.
5. Look at memory that grows: caches, queues and buffers without a bound, whole files or result sets held where a stream
   would do, references that keep what is finished.
6. Where the project has a benchmark or a test that shows the cost, and you may run it without changing anything, do so
   and quote the figure.

Severity is what it costs at the size this code is used at:
- critical: it stops, or runs out of memory, at a size that occurs
- high: users wait or bills grow in proportion to something that grows
- medium: noticeable in a common case
- low: measurable only

Give the growth in `message` ("one query per row: 1 + n"), the size at which it hurts, and what you base it on; quote
the lines in `evidence`. Do not report micro-optimisation, style, or a cost that you only guess: without a reason why
the place is hot, confidence is low and severity at most low. `remedy` names the change and what it makes worse
(memory, freshness, readability)."""

TESTING: Final = """\
Review how well the tests would notice that the code has broken. You look; you change nothing.

How to go about it:
1. List what the code promises: its public functions, commands, routes and formats, and the errors it says it raises.
   Find the test of each. Read the tests; a name proves nothing.
2. For the most important functions imagine a small wrong change (a condition turned round, a limit off by one, an error
   swallowed, a field forgotten) and ask: which test would go red? Where none would, that is a finding; name the change.
3. Look above all at what is rarely tried: empty and very large input, the first and the last item, time-outs, errors of
   disk and network, half-finished work after a crash, two at once, other time zones and locales, odd file names.
4. Look for tests that cannot fail: no assertion, an assertion on the double itself, `try` around the assertion, a loop
   over an empty list, a snapshot nobody reads, a skip that never ends.
5. Look for tests that fail for no reason: sleeps and real clocks, order, shared files and ports, the network, random
   input without its seed.
6. Where there are coverage data in the tree, use them to find the untested error paths; a percentage is no finding.

Severity is what would reach users unnoticed:
- critical: data loss, money or security depends on code that no test would defend
- high: a main promise, or its error path, could break silently; a test of it that cannot fail
- medium: a limit or a rarer case is not tried; a test that is flaky
- low: a gap that other tests would notice indirectly

`path` and `line` are those of the code that is not defended, or of the test that is wrong. `remedy` describes the
missing test in one or two sentences: what is given, what is done, what must be seen. Do not ask for tests of trivial
code, of other people's libraries, or of private details that the next change will rightly move."""

ARCHITECTURE: Final = """\
Review how the parts of the code hang together, and what that makes hard to change. You look; you change nothing.

How to go about it:
1. Read what the project says of its own shape (README, ARCHITECTURE, decision records, contracts of imports) and hold
   the code to it before you hold it to anything else. A statement the code contradicts is a finding.
2. Draw the parts and who knows whom: imports, calls, shared tables and files, events, settings. Find cycles, arrows
   that point from the general to the special, and parts that all others need.
3. Find what is known in several places: a rule, a format, a constant, a list of cases that must be changed together.
   Where the repository has a history, see which files keep changing together though nothing links them.
4. Look at the seams: interfaces that make their callers know how they work inside, flags that turn one function into
   two, values that travel through five layers to be used in one, errors that change their meaning on the way, hidden
   state that two parts share.
5. Ask of two or three changes this project will plausibly need: how many places would each touch, and would anything
   tell you that one was forgotten?
6. Look for weight that carries nothing: layers that only pass on, abstractions with one case, settings without effect.

Severity is what it costs to leave it:
- critical: a change that is due cannot be made safely; data of two parts can disagree
- high: a common change touches many places and nothing notices a forgotten one; a cycle between main parts
- medium: a part does several jobs, or knows what it should not, and people stumble over it
- low: a name or place that misleads

Report few findings and each with its proof: the files that form the cycle, the places that repeat the rule, the change
that would hurt. `path` is the place where one would begin to mend it. `remedy` is a step that can be made in a day and
leaves the code working. Do not report taste, patterns that are merely absent, or a rewrite."""

CORRECTNESS: Final = """\
Review the code for what does not do what it says. You look; you change nothing.

Read a function's name, documentation, callers and tests as its promise, and then look for an input or an order of
events that breaks it: empty, one, very many; the limits; the wrong type that gets through; an error on each line that
can fail; two at once; a crash in the middle. Say for each finding the input or the order of events, what happens, and
what should happen; where you can, quote the test or the statement that it contradicts.

Severity: critical loses or corrupts data, high gives wrong results in a common case or hides an error, medium needs an
unusual case, low is a wrong message. Do not report style, and do not report what the callers make impossible."""

DEAD_CODE: Final = """\
Find what nothing uses any more: functions, parameters, branches, files, flags, dependencies. You look; you change
nothing.

Search for every use before you call a thing dead: other files, tests, entry points, templates, settings, reflection,
names put together at run time, public interfaces that others import. Say in `evidence` where you searched. What only
tests use is a finding too, and says so. Severity is low; medium where the dead thing misleads, or looks like a
safeguard that does not run. Confidence is high only where nothing outside the tree can use it."""

COMPLEXITY: Final = """\
Find what is harder to follow than what it does. You look; you change nothing.

Look for functions with many branches or deep nesting, conditions nobody can say aloud, the same logic in several forms,
state that is changed far away, names that mislead. Judge by what a reader must hold in mind at once, not by length.
Say in `message` what a reader is likely to get wrong, and in `remedy` the first step that makes it plain, small enough
for one commit. Severity is medium where it has already led to mistakes or will at the next change, else low."""

SPELLING: Final = """\
Find misspelt words in names, messages, comments and documents. You look; you change nothing.

Most important is what others import, call, configure or read: public names, settings, command lines, messages. Leave
out foreign words, names of people and products, quoted data, test input that is meant to be wrong, and words that the
project spells so everywhere. One finding a word and file, with the right spelling in `remedy`. Severity is medium for a
public name that others must repeat, low for what users read, info for comments."""

DOCS: Final = """\
Find what the documentation does not say, or says wrongly. You look; you change nothing.

Try each statement against the code: commands, flags, defaults, names, file paths, outputs, limits, versions. Examples
must run as they stand. Then look from the code: public functions, settings, exit codes and errors that nothing
explains; steps that a newcomer needs and that are taken for granted. Quote the statement and the code that contradicts
it. Severity: high where following it loses data or opens a hole, medium where it does not work, low where it is
missing or unclear. Do not report style."""
