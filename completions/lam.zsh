#compdef lam
# zsh completion for lam; made by `python -m lambdacli.cli.completion_scripts completions`

_lam_functions() {
    local -a names
    names=(${(f)"$(lam __complete functions 2>/dev/null)"})
    compadd -a names
}

_lam_events() {
    local -a names
    names=(${(f)"$(lam __complete events 2>/dev/null)"})
    compadd -f -a names
    _files
}

_lam_samples() {
    local -a names
    names=(${(f)"$(lam __complete event ${words[2,CURRENT-1]} 2>/dev/null)"})
    compadd -a names
}

_lam() {
    local state
    local -a verbs
    verbs=(
        'init:Make a function, and the project around it.'
        'validate:Check lam.yaml.'
        'build:Make what AWS would be sent, and tell its hash and size.'
        'start:Start the service and follow its live lines.'
        'stop:Stop the service when its invocations are finished.'
        'status:Show the service, and how to point other tools at it.'
        'invoke:Run a function.'
        'logs:Show what functions wrote.'
        'list:List the functions.'
        'show:Show one function with all its settings.'
        'queue:Show the asynchronous events that wait, and act on them.'
        'events:Show the last real events of functions, and send one again.'
        'schedules:Show when which function is invoked, and do it now.'
        'dlq:Show a function'\''s dead-letter queue, and send its events again.'
        'event:Make events as AWS'\''s services send them, and send them.'
        'chaos:Make the service do what AWS may do on a bad day.'
        'envs:Show the execution environments as they are now.'
        'sources:Show the queues and streams that functions read.'
        'bench:Invoke a function many times, and tell how long it took.'
        'doctor:Tell what this machine grants, what is missing, and how to get it.'
        'delete:Delete a function that was made over the API.'
        'pull:Bring a deployed function, code and settings, into the project.'
        'publish:Publish a function'\''s code and settings as a version.'
        'versions:List a function'\''s versions.'
        'deploy:Show what a deployment would change, and change it: here or on AWS.'
        'drift:Tell what is otherwise where the project is deployed.'
        'rollback:Move aliases back to the versions before.'
        'alias:Name versions, and shift invocations between them.'
        'layer:Publish, list, show, share and delete layers.'
        'permission:Say who may invoke a function, and see why or why not.'
        'metrics:Show what was counted of a function, minute by minute.'
        'clock:Show the service'\''s clock, move it on, set it back.'
        'completions:Print or install the completion of a shell.'
    )
    _arguments -C \
        '--version[Print the version.]' \
        '--help[Show the help.]' \
        '-h[Show the help.]' \
        '1:verb:->verb' \
        '*::word:->words' && return
    case $state in
        verb) _describe verb verbs ;;
        words)
            case $words[1] in
                init)
                    _arguments \
                        '--template[What it is written in; python if unsaid.]:value:(python nodejs ruby custom)' \
                        '-t[What it is written in; python if unsaid.]:value:(python nodejs ruby custom)' \
                        '--runtime[A runtime of Lambda, such as python3.13.]:value: ' \
                        '--vscode[Write .vscode/launch.json for each function; alone, make no function.]' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]'
                    ;;
                validate)
                    _arguments \
                        '--schema[Print the JSON Schema of lam.yaml, for editors; check nothing.]' \
                        '--parameter-overrides[Values of the template'\''s parameters, in quotes if there are several; until the service stops.]:value: ' \
                        '--env-vars[JSON with variables for the template'\''s functions, as SAM takes it; until the service stops.]:value: ' \
                        '--config-env[The environment of samconfig.toml that counts.]:value: ' \
                        '--stage[The stage of a serverless.yml, until the service stops; else LAM_STAGE, or the file'\''s own.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:file:_files'
                    ;;
                build)
                    _arguments \
                        '--zips[Also write NAME.zip of each there, layers below layers.]:value:_files' \
                        '--verbose[Print what the tools print.]' \
                        '--parameter-overrides[Values of the template'\''s parameters, in quotes if there are several; until the service stops.]:value: ' \
                        '--config-env[The environment of samconfig.toml that counts.]:value: ' \
                        '--stage[The stage of a serverless.yml, until the service stops; else LAM_STAGE, or the file'\''s own.]:value: ' \
                        '--prune[Then remove from the cache what nothing used for a day.]' \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions' \
                        '2:function:_lam_functions'
                    ;;
                start)
                    _arguments \
                        '--port[The TCP port; otherwise lam.yaml'\''s, or 4566 or next.]:value: ' \
                        '--detach[Return when the service is ready.]' \
                        '-d[Return when the service is ready.]' \
                        '--anonymous[Accept API calls without an Authorization header.]' \
                        '--allow-other-users[Accept connections of this machine'\''s other users.]' \
                        '--auth[Check every signature by the keys of LAM_KEYS, lam.yaml'\''s `keys`, or your own file.]' \
                        '--idle-exit[Leave after so long without work; 0\: never.]:value: ' \
                        '--strict[Refuse what AWS refuses by date\: runtimes past their end.]' \
                        '--time-scale[Seconds of the service'\''s clock in a real one; `lam clock --help` tells what it moves.]:value: ' \
                        '--parameter-overrides[Values of the template'\''s parameters, in quotes if there are several; until the service stops.]:value: ' \
                        '--env-vars[JSON with variables for the template'\''s functions, as SAM takes it; until the service stops.]:value: ' \
                        '--config-env[The environment of samconfig.toml that counts.]:value: ' \
                        '--stage[The stage of a serverless.yml, until the service stops; else LAM_STAGE, or the file'\''s own.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]'
                    ;;
                stop)
                    _arguments \
                        '--now[Cut the running invocations.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]'
                    ;;
                status)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]'
                    ;;
                invoke)
                    _arguments \
                        '--function-name[The function'\''s name, partial ARN or ARN.]:value:_lam_functions' \
                        '--payload[The event\: JSON, file\://F, fileb\://F, @F, or - for stdin.]:value: ' \
                        '--event[The file that holds the event.]:value:_lam_events' \
                        '-e[The file that holds the event.]:value:_lam_events' \
                        '--invocation-type[Wait for the answer, queue the event, or only check.]:value:(RequestResponse Event DryRun)' \
                        '--log-type[With OUTFILE\: put the log'\''s last 4 KB into AWS'\''s JSON.]:value:(None Tail)' \
                        '--qualifier[A version or an alias.]:value: ' \
                        '--client-context[JSON about the client, base64 or plain.]:value: ' \
                        '--durable-execution-name[For durable functions.]:value: ' \
                        '--tenant-id[For functions isolated by tenant.]:value: ' \
                        '--from-last[Send the last real event that the function got.]' \
                        '--failed[With --from-last\: the last that it failed with.]' \
                        '--replay[Send a real event again; see `lam events`.]:value: ' \
                        '--wait[With the type Event\: follow the event to its end.]' \
                        '--stream[Take the answer as it comes (InvokeWithResponseStream).]' \
                        '--events[Many events, one JSON document per line; - is stdin.]:value:_files' \
                        '--parallel[With --events\: how many at once; 8, or 32 where nobody waits for the function.]:value: ' \
                        '--unsent[With --events\: write there what was refused, not sent, or not answered.]:value:_files' \
                        '--json[With --events\: print the summary as JSON.]' \
                        '--cold[Force a cold start, although warm environments are free.]' \
                        '--debug[Run it beside a debugger, and say where to attach; with --endpoint-url\: tell each request.]' \
                        '--debug-wait[The same, and not before a debugger is attached.]' \
                        '--exit-zero[Exit with 0 although the function failed.]' \
                        '--parameter-overrides[Values of the template'\''s parameters, in quotes if there are several; until the service stops.]:value: ' \
                        '--env-vars[JSON with variables for the template'\''s functions, as SAM takes it; until the service stops.]:value: ' \
                        '--config-env[The environment of samconfig.toml that counts.]:value: ' \
                        '--stage[The stage of a serverless.yml, until the service stops; else LAM_STAGE, or the file'\''s own.]:value: ' \
                        '--remote[Ask AWS instead, as --profile and --region say (or --endpoint-url).]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions' \
                        '2:file:_files'
                    ;;
                logs)
                    _arguments \
                        '--follow[Go on with what comes, until ^C.]' \
                        '-f[Go on with what comes, until ^C.]' \
                        '--since[10m (s, m, h, d, w), or a date and time as ISO 8601.]:value: ' \
                        '--filter[Only lines that contain this.]:value: ' \
                        '--lines[Only the last N lines; 100 without --since.]:value: ' \
                        '-n[Only the last N lines; 100 without --since.]:value: ' \
                        '--json[Print JSON.]' \
                        '--remote[Ask AWS instead, as --profile and --region say (or --endpoint-url).]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                list)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--remote[Ask AWS instead, as --profile and --region say (or --endpoint-url).]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]'
                    ;;
                show)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                queue)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--yes[Do it without asking.]' \
                        '-y[Do it without asking.]' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(list show retry drop purge)'
                    ;;
                events)
                    _arguments \
                        '--failed[Only events that a function failed with.]' \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--force[Overwrite a file that is there.]' \
                        '--to[Instead of the function that got it.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(list show save send)' \
                        '2:function:_lam_functions'
                    ;;
                schedules)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(list fire)'
                    ;;
                dlq)
                    _arguments \
                        '--qualifier[A version or an alias.]:value: ' \
                        '--from[Its dead-letter queue, or its OnFailure destination.]:value:(dlq destination)' \
                        '--max[Send at most so many.]:value: ' \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--dry-run[Only say what would be sent; the queue stays as it is.]' \
                        '--shared[Send what may be of another function with the same queue, too.]' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(show redrive)' \
                        '2:function:_lam_functions'
                    ;;
                event)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--via[What it travels in, outermost last\: sns,sqs.]:value: ' \
                        '--raw[SNS delivers raw messages, without its envelope.]' \
                        '--count[So many records, where the event has records.]:value: ' \
                        '--set[Put JSON in a place, such as Records(0).body; CARRIER\:PATH is about what it travels in. May be repeated.]:value: ' \
                        '--seed[Make up the same ids each time; also fixes the time.]:value: ' \
                        '--time[When it happened, as 2026-01-31T12\:00\:00Z; else now.]:value: ' \
                        '--account[The account; otherwise the project'\''s.]:value: ' \
                        '--region[The region; otherwise the project'\''s.]:value: ' \
                        '--output-file[Write it there.]:value:_files' \
                        '-o[Write it there.]:value:_files' \
                        '--send[Invoke this function with it, as `lam invoke` does.]:value:_lam_functions' \
                        '--invocation-type[Wait for the answer, queue the event, or only check.]:value:(RequestResponse Event DryRun)' \
                        '--qualifier[A version or an alias.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(list generate)' \
                        '*:event:_lam_samples'
                    ;;
                chaos)
                    _arguments \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(duplicates)'
                    ;;
                envs)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                sources)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]'
                    ;;
                bench)
                    _arguments \
                        '--count[How many invocations.]:value: ' \
                        '-n[How many invocations.]:value: ' \
                        '--callers[How many at once.]:value: ' \
                        '-c[How many at once.]:value: ' \
                        '--cold[Force a cold start for each.]' \
                        '--payload[The event\: JSON, file\://F, fileb\://F, @F, or - for stdin.]:value: ' \
                        '--event[The file that holds the event.]:value:_lam_events' \
                        '-e[The file that holds the event.]:value:_lam_events' \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                doctor)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]'
                    ;;
                delete)
                    _arguments \
                        '--function-name[The same as NAME.]:value:_lam_functions' \
                        '--qualifier[A version or an alias.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                pull)
                    _arguments \
                        '--code[Where its code goes; otherwise where it is, or ./NAME.]:value:_files' \
                        '--no-code[Bring the settings only.]' \
                        '--env-file[Write variables there, and have git ignore it.]:value:_files' \
                        '--force[Write over files of the project without asking.]' \
                        '-f[Write over files of the project without asking.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                publish)
                    _arguments \
                        '--description[What is special about it; else the function'\''s own.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                versions)
                    _arguments \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                deploy)
                    _arguments \
                        '--plan[Only show what would change.]' \
                        '--to[The local service (or the one of --endpoint-url), or AWS.]:value:(local aws)' \
                        '--alias[The alias to move; else lam.yaml'\''s, or live.]:value: ' \
                        '--code-only[Only bring code up to date; all else is another tool'\''s.]' \
                        '--stack[With --code-only\: the stack that has the functions.]:value: ' \
                        '--parameter-overrides[Values of the template'\''s parameters, in quotes if there are several; until the service stops.]:value: ' \
                        '--config-env[The environment of samconfig.toml that counts.]:value: ' \
                        '--stage[The stage of a serverless.yml, until the service stops; else LAM_STAGE, or the file'\''s own.]:value: ' \
                        '--yes[Do it without asking.]' \
                        '-y[Do it without asking.]' \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions' \
                        '2:function:_lam_functions'
                    ;;
                drift)
                    _arguments \
                        '--to[The local service (or the one of --endpoint-url), or AWS.]:value:(local aws)' \
                        '--alias[The alias to move; else lam.yaml'\''s, or live.]:value: ' \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions' \
                        '2:function:_lam_functions'
                    ;;
                rollback)
                    _arguments \
                        '--to[The local service (or the one of --endpoint-url), or AWS.]:value:(local aws)' \
                        '--alias[The alias to move; else lam.yaml'\''s, or live.]:value: ' \
                        '--yes[Do it without asking.]' \
                        '-y[Do it without asking.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions' \
                        '2:function:_lam_functions'
                    ;;
                alias)
                    _arguments \
                        '--weight[A second version and its share of the invocations, from 0 to 1.]:value: ' \
                        '--description[What it is for.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--version[The version it names from now on.]:value: ' \
                        '--percent[The share that it gets.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(create update shift list delete)' \
                        '2:function:_lam_functions'
                    ;;
                layer)
                    _arguments \
                        '--runtime[A runtime it is made for; may be repeated.]:value: ' \
                        '--architecture[x86_64 or arm64; may be repeated.]:value: ' \
                        '--description[What it holds.]:value: ' \
                        '--license[Its licence\: an SPDX name, or a URL.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--principal[An account, or * for everyone.]:value: ' \
                        '--organization[With *\: everyone of this organisation.]:value: ' \
                        '--statement-id[Its name; otherwise one is made up.]:value: ' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(publish list show delete permit forbid)' \
                        '2:file:_files'
                    ;;
                permission)
                    _arguments \
                        '--principal[A service (s3.amazonaws.com), an account, or the ARN of a user or role.]:value: ' \
                        '--statement-id[Its name; otherwise made of the principal'\''s.]:value: ' \
                        '--action[What is to be done.]:value: ' \
                        '--source-arn[The bucket, topic or rule that invokes.]:value: ' \
                        '--source-account[The account that owns the source.]:value: ' \
                        '--event-source-token[The token of an Alexa skill.]:value: ' \
                        '--principal-org-id[Only callers of this organization.]:value: ' \
                        '--function-url-auth-type[Only function URLs of this kind.]:value:(NONE AWS_IAM)' \
                        '--invoked-via-function-url[Only invocations by the function'\''s URL.]' \
                        '--qualifier[A version or an alias.]:value: ' \
                        '--revision-id[Only if the policy is still this one.]:value: ' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--query[Print only this part of AWS'\''s JSON.]:value: ' \
                        '--output[How AWS'\''s JSON is printed.]:value:(json text table yaml)' \
                        '--endpoint-url[Call this Lambda service by TCP; start none.]:value: ' \
                        '--region[The region of the function.]:value: ' \
                        '--color[Colour; NO_COLOR is heeded, too.]:value:(on off auto)' \
                        '--debug[Tell each request on stderr.]' \
                        '--cli-binary-format[How --payload is written; raw unless base64 is asked for.]:value:(base64 raw-in-base64-out)' \
                        '--cli-read-timeout[Longest wait for the answer; 0 and unset\: none.]:value: ' \
                        '--cli-connect-timeout[Longest wait for the connection; 0\: none.]:value: ' \
                        '--no-verify-ssl[Believe any certificate of an https endpoint.]' \
                        '--ca-bundle[Certificates to believe at an https endpoint.]:value:_files' \
                        '--profile[With --remote or --to aws\: whose keys of ~/.aws.]:value: ' \
                        '--no-sign-request[No meaning here.]' \
                        '--no-paginate[Only the first page of a list.]' \
                        '--no-cli-pager[No meaning here.]' \
                        '--cli-auto-prompt[No meaning here.]' \
                        '--no-cli-auto-prompt[No meaning here.]' \
                        '--cli-error-format[No meaning here.]:value: ' \
                        '--json[Print JSON.]' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(add remove list explain)' \
                        '2:function:_lam_functions'
                    ;;
                metrics)
                    _arguments \
                        '--since[10m (s, m, h, d, w), or a date and time as ISO 8601.]:value: ' \
                        '--qualifier[Only this version.]:value: ' \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:function:_lam_functions'
                    ;;
                clock)
                    _arguments \
                        '--json[Print JSON.]' \
                        '--project[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--template-file[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '-t[The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.]:value:_files' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(show advance reset)'
                    ;;
                completions)
                    _arguments \
                        '--install[Put it where the shell looks for it.]' \
                        '--help[Show the help.]' \
                        '-h[Show the help.]' \
                        '1:word:(bash zsh fish)'
                    ;;
            esac
            ;;
    esac
}

if [[ $funcstack[1] == _lam ]]; then _lam "$@"; else compdef _lam lam; fi
